// What of a key may change while it is in use, as one unit with its audit event.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { usdOf } from '../lib/money.ts'
import { auditEvent, insertEventIf, type Author } from './audit.ts'
import { countedBefore } from './quota-counts.ts'
import type { CapChange } from './quotas.ts'
import type { Database, GatewayKeysTable } from './schema.ts'
import type { Unit } from './storage.ts'

/** undefined = stays as it is; null = no limit. */
export interface KeyChange extends CapChange {
  readonly name?: string | undefined
  /** [] = all. */
  readonly allowedModels?: readonly string[] | undefined
  readonly allowUnpriced?: boolean | undefined
  readonly requestsPerMinute?: number | null | undefined
  readonly tokensPerMinute?: number | null | undefined
  readonly concurrentTurns?: number | null | undefined
  readonly expiresUs?: number | null | undefined
  readonly ignoreClientModel?: boolean | undefined
  readonly logMessages?: boolean | undefined
}

type Key = Pick<GatewayKeysTable, 'id' | 'root_id'>

/** The last statement changes one row exactly while the key is not revoked. */
export function keyChangeUnit(
  db: Kysely<Database>,
  key: Key,
  change: KeyChange,
  by: Author,
  stamp: { readonly id: string; readonly timestampUs: number },
): Unit {
  const shared = sharedColumns(change)
  const own = ownColumns(change)
  const works = sql`exists (select 1 from gateway_keys where id = ${key.id} and revoked_us is null)`
  const event = auditEvent('gateway.key_changed', { key_id: key.id, ...said(change), ...by }, stamp)
  const rootId = key.root_id ?? key.id
  // Keys that took each other's place are limited together, and so are changed together.
  const isOneOfThem = sql<boolean>`coalesce(root_id, id) = ${rootId} and ${works}`
  return [
    insertEventIf(db, event, works),
    ...countedBefore(db, { kind: 'key', id: rootId }, change, stamp.timestampUs),
    ...(Object.keys(shared).length === 0 ? [] : [db.updateTable('gateway_keys').set(shared).where(isOneOfThem).compile()]),
    db
      .updateTable('gateway_keys')
      .set({ ...own, id: key.id })
      .where('id', '=', key.id)
      .where('revoked_us', 'is', null)
      .compile(),
  ]
}

type Columns = Partial<GatewayKeysTable>

const sharedColumns = (change: KeyChange): Columns => ({
  ...given('daily_cap_nano_usd', change.dailyNanoUsd),
  ...given('monthly_cap_nano_usd', change.monthlyNanoUsd),
  ...given('budget_nano_usd', change.budgetNanoUsd),
  ...given('requests_per_minute', change.requestsPerMinute),
  ...given('tokens_per_minute', change.tokensPerMinute),
  ...given('concurrent_turns', change.concurrentTurns),
})

const ownColumns = (change: KeyChange): Columns => ({
  ...given('name', change.name),
  ...given('allowed_models_json', change.allowedModels && JSON.stringify(change.allowedModels)),
  ...given('allow_unpriced', bit(change.allowUnpriced)),
  ...given('expires_us', change.expiresUs),
  ...given('ignore_client_model', bit(change.ignoreClientModel)),
  ...given('log_messages', bit(change.logMessages)),
})

/** As the event tells it: in words of the answers, only what the change is about. */
const said = (change: KeyChange): Readonly<Record<string, unknown>> => ({
  ...given('name', change.name),
  ...given('allowed_models', change.allowedModels),
  ...given('daily_cap_usd', usd(change.dailyNanoUsd)),
  ...given('monthly_cap_usd', usd(change.monthlyNanoUsd)),
  ...given('budget_usd', usd(change.budgetNanoUsd)),
  ...given('allow_unpriced', change.allowUnpriced),
  ...given('requests_per_minute', change.requestsPerMinute),
  ...given('tokens_per_minute', change.tokensPerMinute),
  ...given('concurrent_turns', change.concurrentTurns),
  ...given('expires_us', change.expiresUs),
  ...given('ignore_client_model', change.ignoreClientModel),
  ...given('log_messages', change.logMessages),
})

const given = (name: string, value: unknown): Readonly<Record<string, unknown>> => (value === undefined ? {} : { [name]: value })
const usd = (nanoUsd: number | null | undefined) => (typeof nanoUsd === 'number' ? usdOf(nanoUsd) : nanoUsd)
const bit = (value: boolean | undefined) => (value === undefined ? undefined : value ? 1 : 0)
