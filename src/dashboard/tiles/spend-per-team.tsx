// Per team, each opening in place to its users.
import type { JSX } from 'preact'
import type { TeamSpend, TeamUserSpend } from '../answers.ts'
import { acrossIdentities, analytics, useAnswers } from '../api.ts'
import { formatCount, plural } from '../format.ts'
import { Callout, callsColumn, costColumn, filterColumn, quotaColumn, topOf, untagged } from '../parts/identity-columns.tsx'
import { CallCount, Spend } from '../parts/money.tsx'
import { filterBy, Go, isChosen, Name } from '../parts/name.tsx'
import { TableTile } from '../parts/table-tile.tsx'
import { canFilterBy, parameter } from '../state.ts'
import type { Column } from '../parts/data-table.tsx'

export function TeamSpendTile(): JSX.Element {
  const answers = useAnswers({ teams: analytics<readonly TeamSpend[]>('/analytics/by_team', {}, acrossIdentities) })
  return (
    <TableTile
      id="per-team"
      title="Per-team spend"
      answers={answers}
      head={({ teams: { data } }) => {
        const top = topOf(data, idOf)
        return top && <Callout kind="Top team" name={nameOf(top.row)} share={top.share} of="team spend" />
      }}
      rows={({ teams: { data } }) => data}
      keyOf={(row) => row.team_id ?? ''}
      sortedBy="sort"
      columns={columns}
      isCurrent={(row) => isChosen('team', row.team_id)}
      childrenOf={(row) =>
        row.team_id === null ? null : { label: `${nameOf(row)}, ${plural(row.user_count, 'user')}`, rows: <Users of={row} /> }
      }
    />
  )
}

const idOf = (row: TeamSpend) => row.team_id
const nameOf = (row: TeamSpend) => row.team_name ?? row.team_id ?? untagged

const columns: readonly Column<TeamSpend>[] = [
  {
    id: 'team',
    title: 'Team',
    wide: true,
    value: idOf,
    cell: (row) => <Name id={row.team_id} name={row.team_name} none={untagged} />,
  },
  { id: 'team_name', title: 'Name', value: (row) => row.team_name },
  costColumn,
  callsColumn,
  { id: 'users', title: 'Users', number: true, value: (row) => row.user_count, cell: (row) => formatCount(row.user_count) },
  quotaColumn,
  filterColumn('team', idOf),
]

function Users({ of }: { readonly of: TeamSpend }) {
  const byCalls = parameter('sort')?.endsWith('calls') === true
  const users = byCalls ? of.by_user.toSorted((a, b) => b.call_count - a.call_count) : of.by_user
  return (
    <>
      {users.map((user) => (
        <tr key={user.user_id ?? ''} class="child">
          <th scope="row">
            <UserLink user={user} />
          </th>
          <td class="number">
            <Spend of={user} />
          </td>
          <td class="number">
            <CallCount of={user} />
          </td>
          <td class="number" />
          <td />
          <td />
        </tr>
      ))}
    </>
  )
}

function UserLink({ user }: { readonly user: TeamUserSpend }) {
  const name = <Name id={user.user_id} name={user.display_name} none={untagged} />
  return canFilterBy(user.user_id) ? <Go to={filterBy('user', user.user_id)}>{name}</Go> : name
}
