// What was spent on each value of one dimension, dearest first.
import type { JSX } from 'preact'
import type { Totals } from '../../analytics/totals.ts'
import { analytics, query, useAnswers, type Envelope } from '../api.ts'
import { exactUsd, formatMs, plural } from '../format.ts'
import type { Column } from '../parts/data-table.tsx'
import { CallCount, Spend } from '../parts/money.tsx'
import { FilterName, isChosen, Name } from '../parts/name.tsx'
import { ShareBar } from '../parts/share-bar.tsx'
import { TableTile } from '../parts/table-tile.tsx'
import { AllTokens, totalInputOf } from '../parts/turn-columns.tsx'
import type { FilterName as Filter } from '../state.ts'

type Row = Totals & Readonly<Record<string, unknown>>

interface Limited extends Envelope<readonly Row[]> {
  readonly omitted?: { readonly rows: number; readonly totals: Totals }
}

export interface CostByProps {
  readonly id: string
  readonly title: string
  readonly by: 'model' | 'provider' | 'project' | 'branch' | 'client'
  /** What a row without one is called. */
  readonly none: string
}

export function CostBy({ id, title, by, none }: CostByProps): JSX.Element {
  const { path, everyMs } = analytics<readonly Row[]>('/analytics/cost', { group_by: by })
  const answers = useAnswers({ rows: query<Limited>(path, everyMs) })
  const nameOf = (row: Row): string | null => (typeof row[by] === 'string' ? row[by] : null)
  const filter: Filter | null = by === 'branch' ? null : by
  const dearest = Math.max(0, ...(answers.all?.rows.data ?? []).map((row) => row.cost_usd ?? 0))
  return (
    <TableTile
      id={id}
      title={title}
      width="half"
      answers={answers}
      rows={({ rows: { data } }) => data}
      keyOf={(row) => nameOf(row) ?? ''}
      isCurrent={(row) => filter !== null && isChosen(filter, nameOf(row))}
      columns={columnsOf({ by, none, filter, nameOf, dearest })}
      note={({ rows: { omitted } }) => omitted && leftOut(omitted)}
    />
  )
}

/** A table that ends early says so, and with what it adds up. */
const leftOut = ({ rows, totals }: NonNullable<Limited['omitted']>): string =>
  `The dearest ones. ${plural(rows, 'other')}: ${totals.cost_usd === null ? 'unpriced' : exactUsd(totals.cost_usd)} in ${plural(totals.call_count, 'call')}.`

interface ColumnsOf extends Pick<CostByProps, 'by' | 'none'> {
  readonly filter: Filter | null
  readonly dearest: number
  nameOf(row: Row): string | null
}

function columnsOf({ by, none, filter, nameOf, dearest }: ColumnsOf): readonly Column<Row>[] {
  return [
    {
      id: by,
      title: by.charAt(0).toUpperCase() + by.slice(1),
      wide: true,
      cell: (row) =>
        filter === null ? <Name id={nameOf(row)} none={none} /> : <FilterName filter={filter} id={nameOf(row)} none={none} />,
      value: nameOf,
    },
    { id: 'share', title: 'Share', cell: (row) => <ShareBar share={dearest > 0 ? (row.cost_usd ?? 0) / dearest : 0} /> },
    { id: 'cost_usd', title: 'Cost', number: true, value: (row) => row.cost_usd, cell: (row) => <Spend of={row} /> },
    { id: 'call_count', title: 'Calls', number: true, value: (row) => row.call_count, cell: (row) => <CallCount of={row} /> },
    {
      id: 'tokens',
      title: 'Tokens',
      number: true,
      value: (row) => totalInputOf(row) + row.output_tokens,
      cell: (row) => <AllTokens of={row} />,
    },
    {
      id: 'avg_latency_ms',
      title: 'Latency',
      number: true,
      value: (row) => row.avg_latency_ms,
      cell: (row) => (row.avg_latency_ms === null ? '—' : formatMs(row.avg_latency_ms)),
    },
  ]
}
