// `/analytics/by_user`: spend per user, each with the keys it was spent through.
import { defineEndpoint } from './endpoint.ts'
import { readIdentities, type Identities } from './identities.ts'
import { readQuotas, type Quota, type Quotas } from './quota.ts'
import { groupRows, totalsOf, type Group, type Totals } from './totals.ts'
import { readUsage } from './usage.ts'

export interface UserSpend extends Totals {
  /** null = calls of no user. */
  readonly user_id: string | null
  readonly display_name: string | null
  readonly by_key: readonly UserKeySpend[]
  readonly quota: readonly Quota[]
}

export interface UserKeySpend extends Totals {
  /** null = called in-process, without a key. */
  readonly gateway_key_id: string | null
  readonly name: string | null
}

export const byUser = defineEndpoint({
  path: '/analytics/by_user',
  fields: {},
  async read(context, scope) {
    const rows = await readUsage(context.db, scope, ['user_id', 'gateway_key_id'])
    const users = await readIdentities(context.db, 'user')
    const keys = await readIdentities(context.db, 'gateway_key')
    const quotas = await readQuotas(context, 'user', users.values())
    return groupRows(rows).map((group) => userSpend(group, users, keys, quotas))
  },
})

function userSpend({ key, usage, parts }: Group, users: Identities, keys: Identities, quotas: Quotas): UserSpend {
  return {
    user_id: key,
    display_name: users.get(key ?? '')?.name ?? null,
    ...totalsOf(usage),
    by_key: groupRows(parts).map((part) => userKeySpend(part, keys)),
    quota: quotas.get(key ?? '') ?? [],
  }
}

function userKeySpend({ key, usage }: Group, keys: Identities): UserKeySpend {
  return { gateway_key_id: key, name: keys.get(key ?? '')?.name ?? null, ...totalsOf(usage) }
}
