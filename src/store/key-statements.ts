// The statements of gateway keys. What a request asks is one of them: it joins the key with its user and its team.
import { sql } from 'kysely'
import type { CompiledQuery, Kysely } from 'kysely'
import type { KeyRow, OwnerRow } from './key-record.ts'
import type { Database, GatewayKeysTable } from './schema.ts'
import { createTemplate } from './statements.ts'
import { names, values } from './turn-statements.ts'

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
  'budget_nano_usd',
  'allow_unpriced',
  'requests_per_minute',
  'tokens_per_minute',
  'concurrent_turns',
  'tags_json',
  'log_messages',
  'ignore_client_model',
  'created_us',
  'expires_us',
  'revoked_us',
  'last_used_us',
  'successor_id',
  'root_id',
] as const satisfies readonly (keyof GatewayKeysTable)[]

/** What a listing shows: all but the hash. */
export const summaryColumns = columns.filter((column) => column !== 'token_hash')

/** What makes a successor another key; all else it has from its predecessor. */
export type Successor = Pick<GatewayKeysTable, 'id' | 'token_hash' | 'created_us'> & {
  readonly predecessor_id: string
  /** Until when the predecessor works, unless it expires sooner. */
  readonly grace_until_us: number
}

const inherited = columns.filter(
  (column) => !['id', 'token_hash', 'created_us', 'revoked_us', 'last_used_us', 'successor_id', 'root_id'].includes(column),
)

/** Keys with what their owners add to them; for people, not for requests. */
export const keysWithOwners = (db: Kysely<Database>) =>
  db
    .selectFrom('gateway_keys as k')
    .leftJoin('users as u', 'u.id', 'k.user_id')
    .leftJoin('teams as t', (join) => join.on(sql`t.id`, '=', sql`coalesce(k.team_id, u.team_id)`))
    .select(sql<number | null>`coalesce(u.disabled_us, t.disabled_us)`.as('owner_disabled_us'))

const ownerColumns = [
  'u.daily_cap_nano_usd as user_daily',
  'u.monthly_cap_nano_usd as user_monthly',
  'u.budget_nano_usd as user_budget',
  'u.disabled_us as user_disabled_us',
  't.daily_cap_nano_usd as team_daily',
  't.monthly_cap_nano_usd as team_monthly',
  't.budget_nano_usd as team_budget',
  't.disabled_us as team_disabled_us',
] as const

export interface KeyStatements {
  readonly find: (key: { readonly id: string }) => CompiledQuery<KeyRow>
  /** Always one row, whoever is known of the two. */
  readonly findOwner: (owner: {
    readonly user_id: string
    readonly team_id: string | null
  }) => CompiledQuery<OwnerRow & { readonly known_user: string | null }>
  readonly insert: (row: GatewayKeysTable) => CompiledQuery
  /** Changes nothing when the key was revoked before. */
  readonly revoke: (key: { readonly id: string; readonly revoked_us: number }) => CompiledQuery
  /** Only of a key that works and has no successor yet. */
  readonly insertSuccessor: (row: Successor) => CompiledQuery
  /** Behind `insertSuccessor`: changes nothing when that did nothing. */
  readonly retire: (row: Successor) => CompiledQuery
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
        .select(ownerColumns)
        .select(sql<string | null>`coalesce(k.team_id, u.team_id)`.as('effective_team_id'))
        .where('k.id', '=', slot('id'))
        .compile(),
    ),
    findOwner: createTemplate((slot) =>
      db
        .selectFrom(
          sql<{
            user_id: string
            team_id: string | null
          }>`(select cast(${slot('user_id')} as text) as user_id, cast(${slot('team_id')} as text) as team_id)`.as('asked'),
        )
        .leftJoin('users as u', 'u.id', 'asked.user_id')
        .leftJoin('teams as t', (join) => join.on(sql`t.id`, '=', sql`coalesce(asked.team_id, u.team_id)`))
        .select(['asked.user_id', 'u.id as known_user'])
        .select(sql<string | null>`coalesce(asked.team_id, u.team_id)`.as('effective_team_id'))
        .select(ownerColumns)
        .compile(),
    ),
    insert: createTemplate((slot) =>
      // A commit whose answer was lost is sent again.
      sql`insert into gateway_keys (${names(columns)}) values (${values(columns, slot)}) on conflict do nothing`.compile(db),
    ),
    revoke: createTemplate((slot) =>
      db
        .updateTable('gateway_keys')
        .set({ revoked_us: slot('revoked_us') })
        .where('id', '=', slot('id'))
        .where('revoked_us', 'is', null)
        .compile(),
    ),
    insertSuccessor: createTemplate((slot) =>
      sql`insert into gateway_keys (id, token_hash, created_us, root_id, ${names(inherited)})
select ${slot('id')}, ${slot('token_hash')}, ${slot('created_us')}, coalesce(k.root_id, k.id), ${names(inherited)}
from gateway_keys as k where k.id = ${slot('predecessor_id')} and k.successor_id is null and k.revoked_us is null
and (k.expires_us is null or k.expires_us > ${slot('created_us')})`.compile(db),
    ),
    retire: createTemplate((slot) =>
      sql`update gateway_keys set successor_id = ${slot('id')},
expires_us = case when expires_us < ${slot('grace_until_us')} then expires_us else ${slot('grace_until_us')} end
where id = ${slot('predecessor_id')} and successor_id is null
and exists (select 1 from gateway_keys as successor where successor.id = ${slot('id')})`.compile(db),
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
