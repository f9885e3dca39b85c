// Routing: which policy chose, what was turned down and why, which models won.
import type { JSX } from 'preact'
import type { Routing } from '../answers.ts'
import { analytics, useAnswers } from '../api.ts'
import { formatCount, formatShare } from '../format.ts'
import type { Column } from '../parts/data-table.tsx'
import { countedSince } from '../parts/counted-since.ts'
import { Figure, Figures } from '../parts/figures.tsx'
import { ShareBar } from '../parts/share-bar.tsx'
import { FilterName } from '../parts/name.tsx'
import { TableTile } from '../parts/table-tile.tsx'
import { Tile } from '../parts/tile.tsx'
import { WithTraffic } from '../parts/with-traffic.tsx'

type PolicyRow = Routing['wins_by_policy'][number]
type ModelRow = Routing['wins_by_model'][number]
type RejectionRow = Routing['rejections'][number]

export function RoutingTab(): JSX.Element {
  const answers = useAnswers({ all: analytics<Routing>('/analytics/routing') })
  const decisions = answers.all?.all.data.decisions ?? 0
  return (
    <WithTraffic>
      <div class="tiles">
        <Tile id="decisions" title="Decisions" answers={answers}>
          {({ all: { data } }) => (
            <Figures>
              <Figure term="Decisions" value={formatCount(data.decisions)} beside={countedSince(data) ?? 'one for each turn'} />
              <Figure
                term="Hard failures"
                value={<span class={data.hard_failures > 0 ? 'bad' : undefined}>{formatCount(data.hard_failures)}</span>}
                beside="no model could be chosen"
              />
              <Figure
                term="Refused after the choice"
                value={formatCount(data.refused_after_choice)}
                beside="a cap or a limit said no"
              />
              <Figure
                term="Rejections"
                value={formatCount(data.rejections.reduce((sum, { count }) => sum + count, 0))}
                beside="candidates that would not do"
              />
            </Figures>
          )}
        </Tile>
        <TableTile
          id="policies"
          title="Wins by policy"
          width="half"
          answers={answers}
          rows={({ all }) => all.data.wins_by_policy}
          keyOf={(row) => row.policy}
          columns={policyColumns(decisions)}
          note={() => 'In order of precedence: the first that has a model that will do wins.'}
        />
        <TableTile
          id="models"
          title="Wins by model"
          width="half"
          answers={answers}
          rows={({ all }) => all.data.wins_by_model}
          keyOf={(row) => row.model}
          columns={modelColumns(decisions)}
        />
        <TableTile
          id="rejections"
          title="Rejections"
          answers={answers}
          rows={({ all }) => all.data.rejections}
          keyOf={(row) => `${row.policy} ${row.validation_failure}`}
          columns={rejectionColumns}
          empty="No candidate was rejected."
          note={({ all }) => countedSince(all.data)}
        />
      </div>
    </WithTraffic>
  )
}

const spoken = (word: string): string => word.replaceAll('_', ' ')

function winsColumns<Row extends { readonly wins: number }>(decisions: number): readonly Column<Row>[] {
  return [
    { id: 'share', title: 'Share', cell: (row) => <ShareBar share={decisions === 0 ? 0 : row.wins / decisions} /> },
    { id: 'wins', title: 'Wins', number: true, value: (row) => row.wins, cell: (row) => formatCount(row.wins) },
    {
      id: 'percent',
      title: '%',
      number: true,
      value: (row) => (decisions === 0 ? null : row.wins / decisions),
      cell: (row) => (decisions === 0 ? '—' : formatShare(row.wins / decisions)),
    },
  ]
}

const policyColumns = (decisions: number): readonly Column<PolicyRow>[] => [
  { id: 'policy', title: 'Policy', value: (row) => row.policy, cell: (row) => spoken(row.policy) },
  ...winsColumns<PolicyRow>(decisions),
]

const modelColumns = (decisions: number): readonly Column<ModelRow>[] => [
  {
    id: 'model',
    title: 'Model',
    wide: true,
    value: (row) => row.model,
    cell: (row) => <FilterName filter="model" id={row.model} none="none" />,
  },
  ...winsColumns<ModelRow>(decisions),
]

const rejectionColumns: readonly Column<RejectionRow>[] = [
  { id: 'policy', title: 'Policy', value: (row) => row.policy, cell: (row) => spoken(row.policy) },
  {
    id: 'validation_failure',
    title: 'Why',
    value: (row) => row.validation_failure,
    cell: (row) => spoken(row.validation_failure ?? 'unknown'),
  },
  { id: 'count', title: 'Times', number: true, value: (row) => row.count, cell: (row) => formatCount(row.count) },
]
