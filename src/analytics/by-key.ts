// `/analytics/by_key`: spend per gateway key, the story of "who spends what" where keys are all there is.
import { defineEndpoint } from './endpoint.ts'
import { readIdentities, type Identities } from './identities.ts'
import { readQuotas, type Quota, type Quotas } from './quota.ts'
import { groupRows, totalsOf, type Group, type Totals } from './totals.ts'
import { readUsage } from './usage.ts'
import { isoOf } from './window.ts'

export interface KeySpend extends Totals {
  /** null = called in-process, without a key. */
  readonly gateway_key_id: string | null
  readonly name: string | null
  readonly last_call_at: string
  readonly by_inbound_shape: readonly ShapeSpend[]
  readonly quota: readonly Quota[]
}

export interface ShapeSpend extends Totals {
  readonly inbound_shape: string | null
}

export const byKey = defineEndpoint({
  path: '/analytics/by_key',
  fields: {},
  async read(context, scope) {
    const rows = await readUsage(context.db, scope, ['gateway_key_id', 'inbound_shape'])
    const keys = await readIdentities(context.db, 'gateway_key')
    const quotas = await readQuotas(context, 'gateway_key', keys.values())
    return groupRows(rows).map((group) => keySpend(group, keys, quotas))
  },
})

function keySpend({ key, usage, parts }: Group, keys: Identities, quotas: Quotas): KeySpend {
  return {
    gateway_key_id: key,
    name: keys.get(key ?? '')?.name ?? null,
    ...totalsOf(usage),
    last_call_at: isoOf(usage.lastCallUs),
    by_inbound_shape: groupRows(parts).map(shapeSpend),
    quota: quotas.get(key ?? '') ?? [],
  }
}

const shapeSpend = ({ key, usage }: Group): ShapeSpend => ({ inbound_shape: key, ...totalsOf(usage) })
