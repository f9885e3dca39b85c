// The last calls, newest first; each leads to its page.
import type { JSX } from 'preact'
import type { TurnRow } from '../answers.ts'
import { analyticsPage, useAnswers } from '../api.ts'
import { formatClock } from '../format.ts'
import { clientColumn, Duration, Instant, projectColumn, TokenCount, totalInputOf, userColumn } from '../parts/turn-columns.tsx'
import type { Column } from '../parts/data-table.tsx'
import { More, sizeOf } from '../parts/more.tsx'
import { Money } from '../parts/money.tsx'
import { FilterName, Go } from '../parts/name.tsx'
import { Segments } from '../parts/segments.tsx'
import { StatusTag } from '../parts/status-tag.tsx'
import { TableTile } from '../parts/table-tile.tsx'
import { navigate, parameter } from '../state.ts'

const statuses = [
  ['any', 'Any'],
  ['ok', 'Ok'],
  ['failed', 'Failed'],
  ['cancelled', 'Cancelled'],
  ['interrupted', 'Interrupted'],
] as const
const everyMs = 5000

export function RecentTurns(): JSX.Element {
  const status = statuses.find(([id]) => id === parameter('status'))?.[0] ?? 'any'
  const own = { limit: String(sizeOf('turns')), ...(status === 'any' ? {} : { status }) }
  const answers = useAnswers({ turns: analyticsPage<readonly TurnRow[]>('/analytics/turns', own, { everyMs }) })
  return (
    <TableTile
      id="recent-turns"
      title="Recent turns"
      answers={answers}
      rows={({ turns }) => turns.data}
      keyOf={(turn) => turn.turn_id}
      columns={columns}
      actions={() => (
        <Segments
          label="Status"
          options={statuses}
          chosen={status}
          choose={(next) => navigate({ status: next === 'any' ? null : next }, 'replace')}
        />
      )}
      note={({ turns }) => turns.next_cursor !== null && <More name="turns" />}
    />
  )
}

const columns: readonly Column<TurnRow>[] = [
  {
    id: 'ended_at',
    title: 'Ended',
    value: (turn) => turn.ended_at,
    cell: (turn) => (
      <Go to={{ tab: 'activity', turn: turn.turn_id }} aria-label={`Turn of ${formatClock(turn.ended_at)}`}>
        <Instant iso={turn.ended_at} />
      </Go>
    ),
  },
  {
    id: 'status',
    title: 'Status',
    value: (turn) => turn.status,
    cell: (turn) => <StatusTag status={turn.status} why={turn.error_class} />,
  },
  {
    id: 'model',
    title: 'Model',
    wide: true,
    value: (turn) => turn.model,
    cell: (turn) => <FilterName filter="model" id={turn.model} none="none" />,
  },
  clientColumn,
  userColumn,
  projectColumn,
  {
    id: 'input_tokens',
    title: 'Input',
    number: true,
    value: totalInputOf,
    cell: (turn) => <TokenCount count={totalInputOf(turn)} />,
  },
  {
    id: 'output_tokens',
    title: 'Output',
    number: true,
    value: (turn) => turn.output_tokens,
    cell: (turn) => <TokenCount count={turn.output_tokens} />,
  },
  {
    id: 'latency_ms',
    title: 'Latency',
    number: true,
    value: (turn) => turn.latency_ms,
    cell: (turn) => <Duration ms={turn.latency_ms} />,
  },
  { id: 'cost_usd', title: 'Cost', number: true, value: (turn) => turn.cost_usd, cell: (turn) => <Money usd={turn.cost_usd} /> },
]
