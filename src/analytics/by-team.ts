// `/analytics/by_team`: spend per team, each with its users, so that a row expands without another question.
import { defineEndpoint } from './endpoint.ts'
import { readIdentities, type Identities } from './identities.ts'
import { readQuotas, type Quota, type Quotas } from './quota.ts'
import { groupRows, totalsOf, type Group, type Totals } from './totals.ts'
import { readUsage } from './usage.ts'

export interface TeamSpend extends Totals {
  /** null = calls of no team. */
  readonly team_id: string | null
  readonly team_name: string | null
  /** Users with calls in the window. */
  readonly user_count: number
  readonly by_user: readonly TeamUserSpend[]
  readonly quota: readonly Quota[]
}

export interface TeamUserSpend extends Totals {
  /** null = calls of the team by no user. */
  readonly user_id: string | null
  readonly display_name: string | null
}

export const byTeam = defineEndpoint({
  path: '/analytics/by_team',
  fields: {},
  async read(context, scope) {
    const rows = await readUsage(context.db, scope, ['team_id', 'user_id'])
    const teams = await readIdentities(context.db, 'team')
    const users = await readIdentities(context.db, 'user')
    const quotas = await readQuotas(context, 'team', teams.values())
    return groupRows(rows).map((group) => teamSpend(group, teams, users, quotas))
  },
})

function teamSpend({ key, usage, parts }: Group, teams: Identities, users: Identities, quotas: Quotas): TeamSpend {
  return {
    team_id: key,
    team_name: teams.get(key ?? '')?.name ?? null,
    ...totalsOf(usage),
    user_count: parts.filter((part) => part.keys[0] !== null).length,
    by_user: groupRows(parts).map((part) => teamUserSpend(part, users)),
    quota: quotas.get(key ?? '') ?? [],
  }
}

function teamUserSpend({ key, usage }: Group, users: Identities): TeamUserSpend {
  return { user_id: key, display_name: users.get(key ?? '')?.name ?? null, ...totalsOf(usage) }
}
