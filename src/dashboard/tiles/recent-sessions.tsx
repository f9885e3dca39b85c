// Sessions of the window, the one with the newest call first; each narrows the tabs to itself.
import type { JSX } from 'preact'
import type { SessionRow } from '../answers.ts'
import { analyticsPage, useAnswers } from '../api.ts'
import { formatCount, formatSpan, shortId } from '../format.ts'
import type { Column } from '../parts/data-table.tsx'
import { More, sizeOf } from '../parts/more.tsx'
import { Spend } from '../parts/money.tsx'
import { Go, Name } from '../parts/name.tsx'
import { TableTile } from '../parts/table-tile.tsx'
import { clientColumn, Instant, projectColumn, TokenCount, totalInputOf, userColumn } from '../parts/turn-columns.tsx'
import { canFilterBy } from '../state.ts'

export function RecentSessions(): JSX.Element {
  const answers = useAnswers({
    sessions: analyticsPage<readonly SessionRow[]>('/analytics/sessions', { limit: String(sizeOf('sessions')) }),
  })
  return (
    <TableTile
      id="recent-sessions"
      title="Recent sessions"
      answers={answers}
      rows={({ sessions }) => sessions.data}
      keyOf={(session) => session.session_id}
      columns={columns}
      note={({ sessions }) => sessions.next_cursor !== null && <More name="sessions" />}
    />
  )
}

const lengthOf = (session: SessionRow): number => Date.parse(session.last_call_at) - Date.parse(session.started_at)

const columns: readonly Column<SessionRow>[] = [
  { id: 'session_id', title: 'Session', value: (row) => row.session_id, cell: (row) => <SessionLink id={row.session_id} /> },
  { id: 'last_call_at', title: 'Last call', value: (row) => row.last_call_at, cell: (row) => <Instant iso={row.last_call_at} /> },
  { id: 'length_ms', title: 'Length', number: true, value: lengthOf, cell: (row) => formatSpan(lengthOf(row)) },
  {
    id: 'models',
    title: 'Models',
    wide: true,
    value: (row) => row.models.join(' '),
    cell: (row) => <Name id={row.models.join(', ')} none="none" />,
  },
  clientColumn,
  userColumn,
  projectColumn,
  { id: 'call_count', title: 'Calls', number: true, value: (row) => row.call_count, cell: (row) => <Calls of={row} /> },
  {
    id: 'input_tokens',
    title: 'Input',
    number: true,
    value: totalInputOf,
    cell: (row) => <TokenCount count={totalInputOf(row)} />,
  },
  { id: 'cost_usd', title: 'Cost', number: true, value: (row) => row.cost_usd, cell: (row) => <Spend of={row} /> },
]

function SessionLink({ id }: { readonly id: string }) {
  const text = (
    <bdi class="mono nowrap" title={id}>
      {shortId(id)}
    </bdi>
  )
  return canFilterBy(id) ? <Go to={{ session: id }}>{text}</Go> : text
}

function Calls({ of }: { readonly of: SessionRow }) {
  return (
    <>
      {of.failed_calls > 0 && <span class="bad">{`${formatCount(of.failed_calls)} failed `}</span>}
      {formatCount(of.call_count)}
    </>
  )
}
