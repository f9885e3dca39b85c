// Amounts in a cell: rounded to be read, exact in the title; a call without a price is never shown as free.
import type { JSX } from 'preact'
import { exactUsd, formatCount, formatUsd } from '../format.ts'

interface Spent {
  readonly cost_usd: number | null
  readonly unpriced_calls: number
}

export function Money({ usd }: { readonly usd: number | null }): JSX.Element {
  if (usd === null) return <span class="tag">unpriced</span>
  return <span title={exactUsd(usd)}>{formatUsd(usd)}</span>
}

/** A sum; how many calls are not in it stands with their count. */
export function Spend({ of }: { readonly of: Spent }): JSX.Element {
  return <Money usd={of.cost_usd} />
}

/** Calls, and those of them that no price is known for. */
export function CallCount({ of }: { readonly of: Spent & { readonly call_count: number } }): JSX.Element {
  const { unpriced_calls: unpriced, call_count: count } = of
  return (
    <>
      {unpriced > 0 && (
        <span
          class="aside"
          title="No price is known for them: they are not in the cost"
        >{`${formatCount(unpriced)} unpriced`}</span>
      )}
      {formatCount(count)}
    </>
  )
}
