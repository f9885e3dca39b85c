// How much of the input came from providers' caches, and what that saved.
import type { JSX } from 'preact'
import type { CacheEffect } from '../answers.ts'
import { analytics, useAnswers } from '../api.ts'
import { exactUsd, formatShare, formatUsd } from '../format.ts'
import type { Column } from '../parts/data-table.tsx'
import { FilterName } from '../parts/name.tsx'
import { ShareBar } from '../parts/share-bar.tsx'
import { TableTile } from '../parts/table-tile.tsx'
import { TokenCount } from '../parts/turn-columns.tsx'

export function CacheEffectiveness(): JSX.Element {
  const answers = useAnswers({ rows: analytics<readonly CacheEffect[]>('/analytics/cache_effectiveness') })
  return (
    <TableTile
      id="cache"
      title="Cache effectiveness"
      width="half"
      answers={answers}
      rows={({ rows: { data } }) => data}
      keyOf={(row) => row.model ?? ''}
      columns={columns}
      note={() =>
        'Saved is against the same input without a cache, at list price; below zero where writing cost more than reading saved.'
      }
    />
  )
}

const columns: readonly Column<CacheEffect>[] = [
  {
    id: 'model',
    title: 'Model',
    wide: true,
    value: (row) => row.model,
    cell: (row) => <FilterName filter="model" id={row.model} none="no model" />,
  },
  {
    id: 'hit_rate',
    title: 'Hit rate',
    number: true,
    value: (row) => row.hit_rate,
    cell: (row) => <HitRate rate={row.hit_rate} />,
  },
  {
    id: 'cached_input_tokens',
    title: 'Read',
    number: true,
    value: (row) => row.cached_input_tokens,
    cell: (row) => <TokenCount count={row.cached_input_tokens} />,
  },
  {
    id: 'cache_write_share',
    title: 'Written',
    number: true,
    value: (row) => row.cache_write_share,
    cell: (row) => (row.cache_write_share === null ? '—' : formatShare(row.cache_write_share)),
  },
  {
    id: 'saved_usd',
    title: 'Saved',
    number: true,
    value: (row) => row.saved_usd,
    cell: (row) => <Saved usd={row.saved_usd} />,
  },
]

function HitRate({ rate }: { readonly rate: number | null }) {
  if (rate === null) return <>—</>
  return (
    <span class="with-bar">
      <ShareBar share={rate} />
      {formatShare(rate)}
    </span>
  )
}

function Saved({ usd }: { readonly usd: number | null }) {
  if (usd === null) return <span class="tag">unpriced</span>
  return (
    <span class={usd < 0 ? 'bad' : usd > 0 ? 'good' : undefined} title={exactUsd(usd)}>
      {formatUsd(usd)}
    </span>
  )
}
