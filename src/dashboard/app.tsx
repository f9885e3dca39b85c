// The page: bar, chips of what is filtered by, the tab's tiles, and what to do when there is nothing to show yet.
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { unreachable } from './api.ts'
import { Bar } from './parts/bar.tsx'
import { FilterChips } from './parts/filter-chips.tsx'
import { tab } from './state.ts'
import { tabs } from './tiles/index.ts'

export function App(): JSX.Element {
  const current = tabs.find(({ id }) => id === tab.value) ?? tabs[0]
  const title = current?.title ?? ''
  useEffect(() => {
    document.title = `${title} · Metis`
  }, [title])
  return (
    <>
      <Bar />
      <main id="main">
        <h1 class="visually-hidden">{title}</h1>
        {tab.value !== 'keys' && <FilterChips />}
        <div class="page">
          {unreachable.value && (
            <p class="notice" role="alert">
              Serve does not answer. What is shown is from before; it is asked again every few seconds.
            </p>
          )}
          {current !== undefined && <current.View />}
        </div>
      </main>
    </>
  )
}
