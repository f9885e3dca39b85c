// A list that is short at first and longer when asked: how long is in the URL.
import type { JSX } from 'preact'
import { navigate, parameter } from '../state.ts'

const sizes = [20, 100, 500] as const

/** How many rows of `name` are asked for. */
export const sizeOf = (name: string): number => sizes.find((size) => String(size) === parameter(`n_${name}`)) ?? sizes[0]

/** For where there are more than are shown. */
export function More({ name }: { readonly name: string }): JSX.Element {
  const size = sizeOf(name)
  const next = sizes.find((one) => one > size)
  if (next === undefined) return <>{`The newest ${size}. A narrower window or a filter shows the others.`}</>
  return (
    <button type="button" class="plain small" onClick={() => navigate({ [`n_${name}`]: String(next) }, 'replace')}>
      {`Show up to ${next}`}
    </button>
  )
}
