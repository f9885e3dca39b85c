// Per user, across teams and keys.
import type { JSX } from 'preact'
import type { UserSpend } from '../answers.ts'
import { acrossIdentities, analytics, useAnswers } from '../api.ts'
import type { Column } from '../parts/data-table.tsx'
import { Callout, callsColumn, costColumn, filterColumn, quotaColumn, topOf, untagged } from '../parts/identity-columns.tsx'
import { isChosen, Name } from '../parts/name.tsx'
import { TableTile } from '../parts/table-tile.tsx'

export function UserSpendTile(): JSX.Element {
  const answers = useAnswers({ users: analytics<readonly UserSpend[]>('/analytics/by_user', {}, acrossIdentities) })
  return (
    <TableTile
      id="per-user"
      title="Per-user spend"
      answers={answers}
      head={({ users: { data } }) => {
        const top = topOf(data, idOf)
        return (
          top && (
            <Callout
              kind="Top developer"
              name={top.row.display_name ?? top.row.user_id ?? untagged}
              share={top.share}
              of="user spend"
            />
          )
        )
      }}
      rows={({ users: { data } }) => data}
      keyOf={(row) => row.user_id ?? ''}
      sortedBy="sort"
      columns={columns}
      isCurrent={(row) => isChosen('user', row.user_id)}
    />
  )
}

const idOf = (row: UserSpend) => row.user_id

const columns: readonly Column<UserSpend>[] = [
  {
    id: 'user',
    title: 'User',
    wide: true,
    value: idOf,
    cell: (row) => <Name id={row.user_id} name={row.display_name} none={untagged} />,
  },
  { id: 'display_name', title: 'Name', value: (row) => row.display_name },
  costColumn,
  callsColumn,
  quotaColumn,
  filterColumn('user', idOf),
]
