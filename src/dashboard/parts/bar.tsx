// The bar on top: tabs, the window, refreshing, the theme.
import { useSignal, useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { autoRefresh, refreshAll, updatedMs } from '../api.ts'
import { formatAgo } from '../format.ts'
import { navigate, tab } from '../state.ts'
import { storedTheme, storeTheme, themes, type Theme } from '../theme.ts'
import { tabs } from '../tiles/index.ts'
import { BrandMark, MoonIcon, PauseIcon, RefreshIcon, SunIcon, SystemIcon } from './icons.tsx'
import { Go } from './name.tsx'
import { WindowPicker } from './window-picker.tsx'

export function Bar(): JSX.Element {
  const nav = useRef<HTMLElement>(null)
  const current = tab.value
  // On a telephone the tabs are wider than the screen.
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [current])
  return (
    <header class="bar">
      <div class="bar-inner">
        <Go to={{ tab: null, turn: null }} class="brand" aria-label="Metis, to the first tab">
          <BrandMark />
          Metis
        </Go>
        <nav ref={nav} class="tabs" aria-label="Tabs">
          {tabs.map(({ id, title }) => (
            <Go key={id} to={{ tab: id === 'cost' ? null : id, turn: null }} aria-current={id === tab.value ? 'page' : undefined}>
              {title}
            </Go>
          ))}
        </nav>
        <div class="bar-tools">
          {tab.value !== 'keys' && <WindowPicker />}
          <Refreshing />
          <ThemeButton />
        </div>
      </div>
    </header>
  )
}

function Refreshing() {
  const nowMs = useNow()
  const isOn = autoRefresh()
  const age = updatedMs.value === 0 ? '' : formatAgo(updatedMs.value, Math.max(nowMs, updatedMs.value))
  return (
    <>
      <span class="status" title="When the newest of these numbers came">
        {age}
      </span>
      <button type="button" class="plain icon" aria-label="Refresh now" title="Refresh now" onClick={refreshAll}>
        <RefreshIcon />
      </button>
      <button
        type="button"
        class="plain icon"
        aria-pressed={!isOn}
        aria-label="Pause refreshing"
        title={isOn ? 'Pause refreshing' : 'Refreshing is paused'}
        onClick={() => navigate({ refresh: isOn ? 'off' : null }, 'replace')}
      >
        <PauseIcon />
      </button>
    </>
  )
}

const themeIcons = { system: SystemIcon, light: SunIcon, dark: MoonIcon } as const
const themeNames = { system: 'as the system', light: 'light', dark: 'dark' } as const

function ThemeButton() {
  const theme = useSignal<Theme>(storedTheme())
  const next = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'system'
  const Icon = themeIcons[theme.value]
  const change = () => {
    storeTheme(next)
    theme.value = next
  }
  const label = `Theme: ${themeNames[theme.value]}. Change to ${themeNames[next]}`
  return (
    <button type="button" class="plain icon" aria-label={label} title={label} onClick={change}>
      <Icon />
    </button>
  )
}

/** ms since 1970, every five seconds. */
function useNow(): number {
  const now = useSignal(Date.now())
  useSignalEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), 5000)
    return () => clearInterval(timer)
  })
  return now.value
}
