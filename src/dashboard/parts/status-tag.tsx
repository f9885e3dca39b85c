// How a turn ended, in its word and its colour.
import type { JSX } from 'preact'

const colours: Readonly<Record<string, string>> = { ok: 'good', running: 'good', cancelled: 'warn', interrupted: 'warn', refused: 'bad', failed: 'bad' } // prettier-ignore

export function StatusTag({ status, why }: { readonly status: string; readonly why?: string | null }): JSX.Element {
  const text = why === undefined || why === null || why.toLowerCase() === status ? status : `${status}: ${why}`
  return <span class={`tag ${colours[status] ?? ''}`}>{text}</span>
}
