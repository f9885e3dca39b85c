// Reliability: how turns ended, why calls failed, how long models take.
import type { JSX } from 'preact'
import type { ModelReliability, Percentiles, Reliability } from '../answers.ts'
import { analytics, useAnswers } from '../api.ts'
import { formatCount, formatMs, formatShare, plural } from '../format.ts'
import type { Column } from '../parts/data-table.tsx'
import { countedSince } from '../parts/counted-since.ts'
import { Figure, Figures } from '../parts/figures.tsx'
import { FilterName } from '../parts/name.tsx'
import { PercentileBar } from '../parts/percentile-bar.tsx'
import { TableTile } from '../parts/table-tile.tsx'
import { Tile } from '../parts/tile.tsx'
import { Instant } from '../parts/turn-columns.tsx'
import { WithTraffic } from '../parts/with-traffic.tsx'

export function ReliabilityTab(): JSX.Element {
  const answers = useAnswers({ all: analytics<Reliability>('/analytics/reliability') })
  return (
    <WithTraffic>
      <div class="tiles">
        <Tile id="ends" title="How turns ended" answers={answers}>
          {({ all }) => <Ends of={all.data} />}
        </Tile>
        <TableTile
          id="errors"
          title="Errors by class"
          width="half"
          answers={answers}
          rows={({ all }) => all.data.errors_by_class}
          keyOf={(row) => row.error_class}
          columns={errorColumns}
          empty="No call failed."
        />
        <TableTile
          id="refusals"
          title="Refused before a call"
          width="half"
          answers={answers}
          rows={({ all }) => all.data.refusals_by_code}
          keyOf={(row) => row.code}
          columns={refusalColumns}
          empty="No turn was refused."
          note={({ all }) => countedSince(all.data)}
        />
        <TableTile
          id="latency"
          title="Latency by model"
          answers={answers}
          rows={({ all }) => all.data.by_model}
          keyOf={(row) => row.model}
          columns={latencyColumns(answers.all?.all.data.by_model ?? [])}
          note={() =>
            'The bar reaches to the 99th percentile, its darker part to the 95th, the line stands at the median. All bars of a column share one scale.'
          }
        />
      </div>
    </WithTraffic>
  )
}

function Ends({ of }: { readonly of: Reliability }) {
  const { totals } = of
  const share = (count: number): string => (totals.calls === 0 ? '' : `${formatShare(count / totals.calls)} of calls`)
  return (
    <Figures>
      <Figure term="Complete" value={formatCount(totals.ok)} beside={share(totals.ok)} />
      <Figure
        term="Failed"
        value={<span class={totals.failed > 0 ? 'bad' : undefined}>{formatCount(totals.failed)}</span>}
        beside={totals.error_rate === null ? '' : `${formatShare(totals.error_rate)} of calls`}
      />
      <Figure term="Cancelled by the client" value={formatCount(totals.cancelled)} beside={share(totals.cancelled)} />
      <Figure term="Interrupted by a crash" value={formatCount(totals.interrupted)} beside={share(totals.interrupted)} />
      <Figure term="Refused" value={formatCount(totals.refused)} beside={countedSince(of) ?? 'never went upstream'} />
      <Figure term="Retried" value={formatCount(totals.retried_calls)} beside={`of ${plural(totals.calls, 'call')}`} />
    </Figures>
  )
}

const errorColumns: readonly Column<Reliability['errors_by_class'][number]>[] = [
  {
    id: 'error_class',
    title: 'Class',
    value: (row) => row.error_class,
    cell: (row) => row.error_class.replaceAll('_', ' ').toLowerCase(),
  },
  { id: 'calls', title: 'Calls', number: true, value: (row) => row.calls, cell: (row) => formatCount(row.calls) },
  { id: 'last_at', title: 'Last', value: (row) => row.last_at, cell: (row) => <Instant iso={row.last_at} /> },
]

const refusalColumns: readonly Column<Reliability['refusals_by_code'][number]>[] = [
  { id: 'code', title: 'Code', value: (row) => row.code, cell: (row) => <code>{row.code}</code> },
  { id: 'count', title: 'Turns', number: true, value: (row) => row.count, cell: (row) => formatCount(row.count) },
]

function latencyColumns(rows: readonly ModelReliability[]): readonly Column<ModelReliability>[] {
  const slowest = (of: 'latency_ms' | 'ttft_ms') => Math.max(1, ...rows.map((row) => row[of]?.p99 ?? 0))
  return [
    {
      id: 'model',
      title: 'Model',
      wide: true,
      value: (row) => row.model,
      cell: (row) => <FilterName filter="model" id={row.model} none="none" />,
    },
    { id: 'calls', title: 'Calls', number: true, value: (row) => row.calls, cell: (row) => formatCount(row.calls) },
    {
      id: 'error_rate',
      title: 'Failed',
      number: true,
      value: (row) => row.error_rate,
      cell: (row) => (
        <span class={row.failed > 0 ? 'bad' : 'muted'}>{row.error_rate === null ? '—' : formatShare(row.error_rate)}</span>
      ),
    },
    ...percentileColumns('ttft_ms', 'First token', slowest('ttft_ms')),
    ...percentileColumns('latency_ms', 'Whole answer', slowest('latency_ms')),
  ]
}

function percentileColumns(of: 'latency_ms' | 'ttft_ms', title: string, slowest: number): readonly Column<ModelReliability>[] {
  const number = (name: keyof Percentiles): Column<ModelReliability> => ({
    id: `${of}_${name}`,
    title: name,
    number: true,
    value: (row) => row[of]?.[name] ?? null,
    cell: (row) => (row[of] === null ? <span class="muted">—</span> : formatMs(row[of][name])),
  })
  return [
    {
      id: `${of}_bar`,
      title,
      cell: (row) => row[of] && <PercentileBar of={row[of]} slowest={slowest} label={`${title} of ${row.model}`} />,
    },
    number('p50'),
    number('p95'),
    number('p99'),
  ]
}
