// `/analytics/by_team`: spend per team, each with its users, so that a row expands without another question.
import * as z from 'zod'
import { defineEndpoint } from './endpoint.ts'
import { readIdentities } from './identities.ts'
import { quota, readQuotas } from './quota.ts'
import { groupRows, lastSeenFields, lastSeenOf, type Group } from './totals.ts'
import { readUsage } from './usage.ts'

const teamUserSpend = z.object({
  /** null = calls of the team by no user. */
  user_id: z.string().nullable(),
  display_name: z.string().nullable(),
  ...lastSeenFields,
})

const teamSpend = z.object({
  /** null = calls of no team. */
  team_id: z.string().nullable(),
  team_name: z.string().nullable(),
  ...lastSeenFields,
  /** Users with calls in the window. */
  user_count: z.int(),
  by_user: z.array(teamUserSpend),
  quota: z.array(quota),
})

export const byTeam = defineEndpoint({
  path: '/analytics/by_team',
  summary: 'Spend per team, each with its users',
  fields: {},
  data: z.array(teamSpend),
  async read(context, scope) {
    const rows = await readUsage(context.db, scope, ['team_id', 'user_id'])
    const teams = await readIdentities(context.db, 'team')
    const users = await readIdentities(context.db, 'user')
    const quotas = await readQuotas(context, 'team', teams.values())
    const userSpendOf = ({ key, usage }: Group): z.infer<typeof teamUserSpend> => ({
      user_id: key,
      display_name: users.get(key ?? '')?.name ?? null,
      ...lastSeenOf(usage),
    })
    const spendOf = ({ key, usage, parts }: Group): z.infer<typeof teamSpend> => ({
      team_id: key,
      team_name: teams.get(key ?? '')?.name ?? null,
      ...lastSeenOf(usage),
      user_count: parts.filter((part) => part.keys[0] !== null).length,
      by_user: groupRows(parts).map(userSpendOf),
      quota: quotas.get(key ?? '') ?? [],
    })
    return { data: groupRows(rows).map(spendOf) }
  },
})
