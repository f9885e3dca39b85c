// Columns and callout that teams, users and keys have in common.
import type { JSX } from 'preact'
import type { Quota } from '../../analytics/quota.ts'
import type { Totals } from '../../analytics/totals.ts'
import { formatShare, visible } from '../format.ts'
import { canFilterBy, type FilterName } from '../state.ts'
import type { Column } from './data-table.tsx'
import { WarningIcon } from './icons.tsx'
import { CallCount, Spend } from './money.tsx'
import { filterBy, Go, isChosen } from './name.tsx'
import { Quotas } from './quota.tsx'

export const untagged = 'untagged'

export const costColumn: Column<Totals> = {
  id: 'cost',
  title: 'Cost',
  number: true,
  value: (row) => row.cost_usd,
  cell: (row) => <Spend of={row} />,
}

export const callsColumn: Column<Totals> = {
  id: 'calls',
  title: 'Calls',
  number: true,
  value: (row) => row.call_count,
  cell: (row) => <CallCount of={row} />,
}

export const quotaColumn: Column<{ readonly quota: readonly Quota[] }> = {
  id: 'quota_percent',
  title: 'Quota',
  value: (row) => (row.quota.length === 0 ? null : Math.max(...row.quota.map(({ percentage }) => percentage))),
  cell: (row) => <Quotas quotas={row.quota} />,
}

export function filterColumn<Row>(filter: FilterName, idOf: (row: Row) => string | null): Column<Row> {
  return {
    id: 'filter',
    title: 'Filter',
    action: true,
    cell: (row) => {
      const id = idOf(row)
      if (id === null) return <span class="muted">—</span>
      if (!canFilterBy(id))
        return (
          <span class="muted" title="Nothing can be filtered by a name like this">
            —
          </span>
        )
      if (isChosen(filter, id))
        return (
          <Go to={{ [filter]: null }} aria-label={`Stop filtering by ${id}`}>
            filtered
          </Go>
        )
      return (
        <Go to={filterBy(filter, id)} aria-label={`Filter by ${id}`}>
          filter
        </Go>
      )
    },
  }
}

/** An identity in whose name more than half of the window was spent: worth a conversation. */
export function topOf<Row extends Totals>(rows: readonly Row[], idOf: (row: Row) => string | null): Top<Row> | null {
  const total = rows.reduce((sum, row) => sum + nanosOf(row), 0)
  const row = rows.find((one) => idOf(one) !== null && nanosOf(one) > total / 2)
  return row === undefined ? null : { row, share: nanosOf(row) / total }
}

/** Whole: a sum of dollars has a last digit of its own, and half of it may not be half. */
const nanosOf = (row: Totals): number => Math.round((row.cost_usd ?? 0) * 1e9)

export interface Top<Row> {
  readonly row: Row
  readonly share: number
}

export function Callout({
  kind,
  name,
  share,
  of,
}: {
  readonly kind: string
  readonly name: string
  readonly share: number
  readonly of: string
}): JSX.Element {
  const whole = Math.round(share * 100)
  // "50 %" would read as if it were not more than half.
  const percent = whole > 50 ? `${whole}%` : formatShare(Math.max(share, 0.501))
  return (
    <div class="tile-pad">
      <p class="callout" role="note">
        <WarningIcon />
        <span class="kind">{kind}</span>
        <bdi class="name">{visible(name)}</bdi>
        <span>
          <span class="share">{percent}</span>
          {` of ${of} in this window`}
        </span>
      </p>
    </div>
  )
}
