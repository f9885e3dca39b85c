// One of a few: a row of buttons of which one is pressed.
import type { JSX } from 'preact'

export function Segments<Value extends string>({
  label,
  options,
  chosen,
  choose,
}: {
  readonly label: string
  readonly options: readonly (readonly [value: Value, text: string])[]
  readonly chosen: string
  choose(value: Value): void
}): JSX.Element {
  return (
    <div class="segments" role="group" aria-label={label}>
      {options.map(([value, text]) => (
        <button key={value} type="button" aria-pressed={value === chosen} onClick={() => choose(value)}>
          {text}
        </button>
      ))}
    </div>
  )
}
