// The few signs there are, drawn for 16 × 16; all of them decoration beside words.
import type { JSX } from 'preact'

const stroke = { fill: 'none', stroke: 'currentColor', 'stroke-width': 1.6, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' } as const // prettier-ignore

function icon(path: string): () => JSX.Element {
  return () => (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <path d={path} {...stroke} />
    </svg>
  )
}

export const CloseIcon = icon('M3 3l10 10M13 3L3 13')
export const ExpandIcon = icon('M5 2l6 6-6 6')
export const DownIcon = icon('M2 5l6 7 6-7')
export const UpIcon = icon('M2 11l6-7 6 7')
export const WarningIcon = icon('M8 2L1.5 13.5h13zM8 6.5v3.5M8 12.2v.1')
export const SunIcon = icon(
  'M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6M8 1v1.4M8 13.6V15M1 8h1.4M13.6 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1',
)
export const MoonIcon = icon('M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3z')
export const SystemIcon = icon('M2 3h12v8H2zM6 14h4M8 11v3')
export const RefreshIcon = icon('M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 1.5V4.5H10.5')
export const PauseIcon = icon('M5.5 3v10M10.5 3v10')

export function BrandMark(): JSX.Element {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="var(--accent)" />
      <path d="M8 23V10l8 8 8-8v13" {...stroke} stroke="var(--on-accent)" stroke-width={3.2} />
    </svg>
  )
}
