// `/analytics/by_user`: spend per user, each with the keys it was spent through.
import * as z from 'zod'
import { defineEndpoint } from './endpoint.ts'
import { readIdentities } from './identities.ts'
import { quota, readQuotas } from './quota.ts'
import { groupRows, lastSeenFields, lastSeenOf, type Group } from './totals.ts'
import { readUsage } from './usage.ts'

const userKeySpend = z.object({
  /** null = called in-process, without a key. */
  gateway_key_id: z.string().nullable(),
  name: z.string().nullable(),
  ...lastSeenFields,
})

const userSpend = z.object({
  /** null = calls of no user. */
  user_id: z.string().nullable(),
  display_name: z.string().nullable(),
  ...lastSeenFields,
  by_key: z.array(userKeySpend),
  quota: z.array(quota),
})

export const byUser = defineEndpoint({
  path: '/analytics/by_user',
  summary: 'Spend per user, each with the keys it went through',
  fields: {},
  data: z.array(userSpend),
  async read(context, scope) {
    const rows = await readUsage(context.db, scope, ['user_id', 'gateway_key_id'])
    const users = await readIdentities(context.db, 'user')
    const keys = await readIdentities(context.db, 'gateway_key')
    const quotas = await readQuotas(context, 'user', users.values())
    const keySpendOf = ({ key, usage }: Group): z.infer<typeof userKeySpend> => ({
      gateway_key_id: key,
      name: keys.get(key ?? '')?.name ?? null,
      ...lastSeenOf(usage),
    })
    const spendOf = ({ key, usage, parts }: Group): z.infer<typeof userSpend> => ({
      user_id: key,
      display_name: users.get(key ?? '')?.name ?? null,
      ...lastSeenOf(usage),
      by_key: groupRows(parts).map(keySpendOf),
      quota: quotas.get(key ?? '') ?? [],
    })
    return { data: groupRows(rows).map(spendOf) }
  },
})
