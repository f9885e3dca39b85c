// Which time is looked at. Days of a custom window are the reader's own; the URL holds them as instants.
import { useSignal } from '@preact/signals'
import { timeFormat } from 'd3-time-format'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { navigate, windowChoice, type WindowName } from '../state.ts'
import { Segments } from './segments.tsx'

const options: readonly (readonly [WindowName | 'custom', string])[] = [
  ['24h', '24 h'],
  ['7d', '7 d'],
  ['30d', '30 d'],
  ['mtd', 'Month'],
  ['all', 'All'],
  ['custom', 'Custom'],
]

const dayOf = (date: Date): string => (Number.isNaN(date.getTime()) ? '' : isoDay(date))
const isoDay = timeFormat('%Y-%m-%d')
const dayMs = 86_400_000

export function WindowPicker(): JSX.Element {
  const { name, from, to } = windowChoice.value
  const choose = (next: WindowName | 'custom') => {
    if (next !== 'custom') return navigate({ window: next === '7d' ? null : next, from: null, to: null })
    if (name !== 'custom') navigate(between(dayOf(new Date(Date.now() - 6 * dayMs)), dayOf(new Date())))
  }
  return (
    <>
      <Segments label="Window" options={options} chosen={name} choose={choose} />
      {name === 'custom' && <Range from={from} to={to} />}
    </>
  )
}

/** From the first moment of one day to the last of another, both local. */
function between(first: string, last: string) {
  const end = new Date(`${last}T00:00:00`)
  end.setDate(end.getDate() + 1)
  return { window: null, from: new Date(`${first}T00:00:00`).toISOString(), to: end.toISOString() }
}

function Range({ from, to }: { readonly from: string | null; readonly to: string | null }) {
  const first = useSignal(from === null ? '' : dayOf(new Date(from)))
  // The end is exclusive: the day before it is the last one shown.
  const last = useSignal(to === null ? '' : dayOf(new Date(Date.parse(to) - 1)))
  // The way back goes through here without a change by hand.
  useEffect(() => {
    first.value = from === null ? '' : dayOf(new Date(from))
    last.value = to === null ? '' : dayOf(new Date(Date.parse(to) - 1))
  }, [from, to])
  const apply = () => {
    if (first.value !== '' && last.value !== '' && first.value <= last.value) navigate(between(first.value, last.value))
  }
  return (
    <div class="range">
      <label>
        from
        <input
          type="date"
          value={first.value}
          max={last.value}
          onChange={(event) => {
            first.value = event.currentTarget.value
            apply()
          }}
        />
      </label>
      <label>
        to
        <input
          type="date"
          value={last.value}
          min={first.value}
          onChange={(event) => {
            last.value = event.currentTarget.value
            apply()
          }}
        />
      </label>
    </div>
  )
}
