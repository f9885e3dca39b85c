// Per gateway key: when it was last used, and in which shapes. Calls without a key are the agent's own.
import type { JSX } from 'preact'
import type { KeySpend } from '../answers.ts'
import { acrossIdentities, analytics, useAnswers } from '../api.ts'
import { formatAgo, formatCount, formatTime, shortId, visible } from '../format.ts'
import type { Column } from '../parts/data-table.tsx'
import { Callout, callsColumn, costColumn, filterColumn, quotaColumn, topOf } from '../parts/identity-columns.tsx'
import { isChosen } from '../parts/name.tsx'
import { TableTile } from '../parts/table-tile.tsx'

export function KeySpendTile(): JSX.Element {
  const answers = useAnswers({ keys: analytics<readonly KeySpend[]>('/analytics/by_key', {}, acrossIdentities) })
  return (
    <TableTile
      id="per-key"
      title="Per-key spend"
      answers={answers}
      head={({ keys: { data } }) => {
        const top = topOf(data, idOf)
        return top && <Callout kind="Top key" name={top.row.name ?? idOf(top.row) ?? ''} share={top.share} of="key spend" />
      }}
      rows={({ keys: { data } }) => data}
      keyOf={(row) => row.gateway_key_id ?? ''}
      sortedBy="sort"
      columns={columns}
      isCurrent={(row) => isChosen('gateway_key', row.gateway_key_id)}
    />
  )
}

const idOf = (row: KeySpend) => row.gateway_key_id

const columns: readonly Column<KeySpend>[] = [
  {
    id: 'gateway_key',
    title: 'Gateway key',
    wide: true,
    value: (row) => row.gateway_key_id ?? 'agent-loop',
    cell: (row) => <KeyName row={row} />,
  },
  {
    id: 'name',
    title: 'Name',
    value: (row) => row.name,
    cell: (row) => <bdi class="name">{row.name === null ? '—' : visible(row.name)}</bdi>,
  },
  costColumn,
  callsColumn,
  {
    id: 'last_call_at',
    title: 'Last call',
    value: (row) => row.last_call_at,
    cell: (row) => (
      <time class="nowrap" dateTime={row.last_call_at} title={formatTime(row.last_call_at)}>
        {formatAgo(Date.parse(row.last_call_at), Date.now())}
      </time>
    ),
  },
  { id: 'inbound_shapes', title: 'Inbound shapes', value: shapesOf, cell: shapesOf },
  quotaColumn,
  filterColumn('gateway_key', idOf),
]

function KeyName({ row }: { readonly row: KeySpend }) {
  const id = row.gateway_key_id
  if (id === null) return <span title="Called in-process, without a key">agent-loop</span>
  return (
    <span class="mono nowrap" title={id}>
      {shortId(id)}
    </span>
  )
}

/** `anthropic 27 openai 60`. */
function shapesOf(row: KeySpend): string {
  return row.by_inbound_shape
    .toSorted((a, b) => b.call_count - a.call_count)
    .map(({ inbound_shape: shape, call_count: count }) => `${shape ?? 'in-process'} ${formatCount(count)}`)
    .join(' ')
}
