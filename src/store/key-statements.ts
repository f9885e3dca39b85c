// The statements of gateway keys. What a request asks is one of them: it joins the key with its user and its team.
import { sql } from 'kysely'
import type { CompiledQuery, Kysely } from 'kysely'
import type { KeyRow } from './key-record.ts'
import type { Database, EventsTable, GatewayKeysTable } from './schema.ts'
import { createTemplate } from './statements.ts'
import { eventColumns, names, values } from './turn-statements.ts'

const columns = [
  'id',
  'name',
  'token_hash',
  'workspace',
  'user_id',
  'team_id',
  'allowed_models_json',
  'daily_cap_nano_usd',
  'monthly_cap_nano_usd',
  'requests_per_minute',
  'tokens_per_minute',
  'tags_json',
  'log_messages',
  'ignore_client_model',
  'created_us',
  'expires_us',
  'revoked_us',
  'last_used_us',
] as const satisfies readonly (keyof GatewayKeysTable)[]

/** What a listing shows: all but the hash. */
export const summaryColumns = columns.filter((column) => column !== 'token_hash')

export interface KeyStatements {
  readonly find: (key: { readonly id: string }) => CompiledQuery<KeyRow>
  readonly insert: (row: GatewayKeysTable) => CompiledQuery
  /** Changes nothing when the key was revoked before. */
  readonly revoke: (key: { readonly id: string; readonly revoked_us: number }) => CompiledQuery
  /** An event that is only written when `revoke`, which comes behind it in its unit, will change something. */
  readonly insertRevoked: (row: EventsTable & { readonly key_id: string }) => CompiledQuery
  readonly touch: (key: { readonly id: string; readonly last_used_us: number }) => CompiledQuery
}

export function keyStatements(db: Kysely<Database>): KeyStatements {
  return {
    find: createTemplate((slot) =>
      db
        .selectFrom('gateway_keys as k')
        .leftJoin('users as u', 'u.id', 'k.user_id')
        .leftJoin('teams as t', (join) => join.on(sql`t.id`, '=', sql`coalesce(k.team_id, u.team_id)`))
        .selectAll('k')
        .select([
          'u.daily_cap_nano_usd as user_daily',
          'u.monthly_cap_nano_usd as user_monthly',
          'u.disabled_us as user_disabled_us',
        ])
        .select(sql<string | null>`coalesce(k.team_id, u.team_id)`.as('effective_team_id'))
        .select([
          't.daily_cap_nano_usd as team_daily',
          't.monthly_cap_nano_usd as team_monthly',
          't.disabled_us as team_disabled_us',
        ])
        .where('k.id', '=', slot('id'))
        .compile(),
    ),
    insert: createTemplate((slot) =>
      sql`insert into gateway_keys (${names(columns)}) values (${values(columns, slot)})`.compile(db),
    ),
    revoke: createTemplate((slot) =>
      db
        .updateTable('gateway_keys')
        .set({ revoked_us: slot('revoked_us') })
        .where('id', '=', slot('id'))
        .where('revoked_us', 'is', null)
        .compile(),
    ),
    insertRevoked: createTemplate((slot) =>
      sql`insert into events (${names(eventColumns)}) select ${values(eventColumns, slot)}
where exists (select 1 from gateway_keys where gateway_keys.id = ${slot('key_id')} and revoked_us is null)`.compile(db),
    ),
    touch: createTemplate((slot) =>
      db
        .updateTable('gateway_keys')
        .set({ last_used_us: slot('last_used_us') })
        .where('id', '=', slot('id'))
        .compile(),
    ),
  }
}
