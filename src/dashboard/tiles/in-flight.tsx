// Turns that are with a provider at this moment, asked for every two seconds.
import type { JSX } from 'preact'
import type { InFlight as InFlightData, InFlightTurn } from '../answers.ts'
import { query, useAnswers } from '../api.ts'
import { formatCount, formatSpan } from '../format.ts'
import type { Column } from '../parts/data-table.tsx'
import { FilterName, Go, Name } from '../parts/name.tsx'
import { TableTile } from '../parts/table-tile.tsx'
import { filters } from '../state.ts'

interface InFlightAnswer {
  readonly data: InFlightData
}

const everyMs = 2000

export function InFlight(): JSX.Element {
  // What runs now has no window.
  const chosen = new URLSearchParams(filters.value.map(([name, value]) => [name, value]))
  const answers = useAnswers({ now: query<InFlightAnswer>(`/analytics/inflight?${chosen.toString()}`, everyMs) })
  const running = answers.all?.now.data.running ?? 0
  return (
    <TableTile
      id="in-flight"
      title={running === 0 ? 'In flight' : `In flight: ${formatCount(running)}`}
      answers={answers}
      rows={({ now }) => now.data.turns}
      keyOf={(turn) => turn.turn_id}
      columns={columns}
      empty="Nothing is running at this moment."
    />
  )
}

const columns: readonly Column<InFlightTurn>[] = [
  {
    id: 'running_ms',
    title: 'For',
    number: true,
    value: (turn) => turn.running_ms,
    cell: (turn) => (
      <Go to={{ turn: turn.turn_id }} aria-label={`Turn running for ${formatSpan(turn.running_ms)}`}>
        {formatSpan(turn.running_ms)}
      </Go>
    ),
  },
  {
    id: 'model',
    title: 'Model',
    wide: true,
    value: (turn) => turn.model,
    cell: (turn) => <FilterName filter="model" id={turn.model} none="—" />,
  },
  {
    id: 'client',
    title: 'Client',
    value: (turn) => turn.client,
    cell: (turn) => <FilterName filter="client" id={turn.client} none="unknown" />,
  },
  {
    id: 'user',
    title: 'User',
    value: (turn) => turn.user_id,
    cell: (turn) => <FilterName filter="user" id={turn.user_id} none="untagged" />,
  },
  {
    id: 'project',
    title: 'Project',
    value: (turn) => turn.project,
    cell: (turn) => <FilterName filter="project" id={turn.project} none="—" />,
  },
  { id: 'branch', title: 'Branch', value: (turn) => turn.branch, cell: (turn) => <Name id={turn.branch} none="—" /> },
  { id: 'stream', title: 'Streams', value: (turn) => (turn.stream ? 'yes' : 'no'), cell: (turn) => (turn.stream ? 'yes' : 'no') },
]
