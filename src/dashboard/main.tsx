// Where the dashboard starts: the theme before the first paint, then the page, then the clock that asks again.
import { render } from 'preact'
import { startRefreshing } from './api.ts'
import { App } from './app.tsx'
import { applyTheme, storedTheme } from './theme.ts'

applyTheme(storedTheme())
const root = document.querySelector('#app')
if (root !== null) render(<App />, root)
startRefreshing()
