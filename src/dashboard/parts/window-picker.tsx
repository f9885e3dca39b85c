// Which time is looked at. Days of a custom window are the reader's own; the URL holds them as instants.
import { useSignal } from '@preact/signals'
import { timeFormat } from 'd3-time-format'
import type { JSX } from 'preact'
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

/** Days as they are typed, good while the URL has the window that they were typed over (`of`): the way back changes only the URL. */
interface Typed {
  readonly of: string
  readonly from: string
  readonly to: string
}

function Range({ from, to }: { readonly from: string | null; readonly to: string | null }) {
  const asked: Typed = {
    of: `${from} ${to}`,
    from: from === null ? '' : dayOf(new Date(from)),
    // The end is exclusive: the day before it is the last one shown.
    to: to === null ? '' : dayOf(new Date(Date.parse(to) - 1)),
  }
  const typed = useSignal(asked)
  const shown = typed.value.of === asked.of ? typed.value : asked
  const fault = faultOf(shown.from, shown.to)
  const change = (day: 'from' | 'to', value: string) => {
    const next = { ...shown, [day]: value }
    typed.value = next
    // What is typed goes through days that nobody means: the year 2 on its way to 2026.
    if (next.from !== '' && next.to !== '' && faultOf(next.from, next.to) === '') navigate(between(next.from, next.to), 'replace')
  }
  return (
    <div class="range">
      {(['from', 'to'] as const).map((day) => (
        <label key={day}>
          {day}
          <input
            type="date"
            value={shown[day]}
            min={earliest}
            max={latest}
            aria-invalid={fault !== ''}
            aria-describedby="range-fault"
            onChange={(event) => change(day, event.currentTarget.value)}
          />
        </label>
      ))}
      <span id="range-fault" class="bad" role="status">
        {fault}
      </span>
    </div>
  )
}

/** What serve takes, a day of any time zone within it. */
const [earliest, latest] = ['1970-01-02', '2199-12-30']

function faultOf(first: string, last: string): string {
  if ([first, last].some((day) => day !== '' && (day < earliest || day > latest))) return 'From 1970 to 2199.'
  return last !== '' && first > last ? 'It ends before it begins.' : ''
}
