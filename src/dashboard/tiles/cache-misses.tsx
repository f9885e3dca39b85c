// What was paid again because a cache had lost it, or could not be used, by cause, over all models.
import type { JSX } from 'preact'
import type { CacheEffect } from '../answers.ts'
import { analytics, useAnswers } from '../api.ts'
import { formatCount } from '../format.ts'
import type { Column } from '../parts/data-table.tsx'
import { Money } from '../parts/money.tsx'
import { TableTile } from '../parts/table-tile.tsx'
import { TokenCount } from '../parts/turn-columns.tsx'

type Cause = keyof CacheEffect['misses']

interface Row {
  readonly cause: Cause
  readonly calls: number
  readonly tokens: number
  /** null = of none of them a price is known. */
  readonly wasted_usd: number | null
}

const causes: Readonly<Record<Cause, string>> = {
  cold: 'Cold start',
  expired: 'Expired',
  model_switched: 'Model switched',
  prefix_changed: 'Prefix changed',
}

export function CacheMisses(): JSX.Element {
  const answers = useAnswers({ models: analytics<readonly CacheEffect[]>('/analytics/cache_effectiveness') })
  return (
    <TableTile
      id="cache-misses"
      title="Cache misses"
      width="half"
      answers={answers}
      rows={({ models }) => rowsOf(models.data)}
      keyOf={(row) => row.cause}
      columns={columns}
      note={() =>
        'Wasted is what writing or reading anew cost more than reading from the cache would have. A cold start cannot be helped.'
      }
    />
  )
}

function rowsOf(models: readonly CacheEffect[]): readonly Row[] {
  return (Object.keys(causes) as Cause[]).map((cause) => {
    const misses = models.map((model) => model.misses[cause])
    const priced = misses.flatMap(({ wasted_usd: usd }) => (usd === null ? [] : [usd]))
    return {
      cause,
      calls: misses.reduce((sum, { calls }) => sum + calls, 0),
      tokens: misses.reduce((sum, { tokens }) => sum + tokens, 0),
      wasted_usd: priced.length === 0 && misses.length > 0 ? null : priced.reduce((sum, usd) => sum + usd, 0),
    }
  })
}

const columns: readonly Column<Row>[] = [
  { id: 'cause', title: 'Cause', value: (row) => row.cause, cell: (row) => causes[row.cause] },
  { id: 'calls', title: 'Calls', number: true, value: (row) => row.calls, cell: (row) => formatCount(row.calls) },
  { id: 'tokens', title: 'Tokens', number: true, value: (row) => row.tokens, cell: (row) => <TokenCount count={row.tokens} /> },
  {
    id: 'wasted_usd',
    title: 'Wasted',
    number: true,
    value: (row) => row.wasted_usd,
    cell: (row) => <Money usd={row.wasted_usd} />,
  },
]
