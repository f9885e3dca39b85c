// `/analytics/by_key`: spend per gateway key, the story of "who spends what" where keys are all there is.
import * as z from 'zod'
import { defineEndpoint } from './endpoint.ts'
import { readIdentities } from './identities.ts'
import { quota, readQuotas } from './quota.ts'
import { groupRows, lastSeenFields, lastSeenOf, totalFields, totalsOf, type Group } from './totals.ts'
import { readUsage } from './usage.ts'

const shapeSpend = z.object({ inbound_shape: z.string().nullable(), ...totalFields })

const keySpend = z.object({
  /** null = called in-process, without a key. */
  gateway_key_id: z.string().nullable(),
  name: z.string().nullable(),
  ...lastSeenFields,
  by_inbound_shape: z.array(shapeSpend),
  quota: z.array(quota),
})

export const byKey = defineEndpoint({
  path: '/analytics/by_key',
  summary: 'Spend per gateway key',
  fields: {},
  data: z.array(keySpend),
  async read(context, scope) {
    const rows = await readUsage(context.db, scope, ['gateway_key_id', 'inbound_shape'])
    const keys = await readIdentities(context.db, 'gateway_key')
    const quotas = await readQuotas(context, 'gateway_key', keys.values())
    const spendOf = ({ key, usage, parts }: Group): z.infer<typeof keySpend> => ({
      gateway_key_id: key,
      name: keys.get(key ?? '')?.name ?? null,
      ...lastSeenOf(usage),
      by_inbound_shape: groupRows(parts).map(shapeSpendOf),
      quota: quotas.get(key ?? '') ?? [],
    })
    return { data: groupRows(rows).map(spendOf) }
  },
})

const shapeSpendOf = ({ key, usage }: Group): z.infer<typeof shapeSpend> => ({ inbound_shape: key, ...totalsOf(usage) })
