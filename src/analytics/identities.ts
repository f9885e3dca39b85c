// Names and caps of whom usage is counted for. All of them: there are few, and a list of ids would outgrow D1's 100 parameters.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Database } from '../store/schema.ts'

export type IdentityKind = 'gateway_key' | 'user' | 'team'

export interface Identity {
  readonly id: string
  readonly name: string
  readonly daily_cap_nano_usd: number | null
  readonly monthly_cap_nano_usd: number | null
  readonly budget_nano_usd: number | null
  /** Under which id its caps are kept: keys that took each other's place have one. */
  readonly quota_id: string
}

/** By id. */
export type Identities = ReadonlyMap<string, Identity>

export async function readIdentities(db: Kysely<Database>, kind: IdentityKind): Promise<Identities> {
  const rows = await identitiesOf(db, kind)
  return new Map(rows.map((row) => [row.id, row]))
}

function identitiesOf(db: Kysely<Database>, kind: IdentityKind): Promise<readonly Identity[]> {
  const caps = ['daily_cap_nano_usd', 'monthly_cap_nano_usd', 'budget_nano_usd'] as const
  if (kind === 'gateway_key')
    return db
      .selectFrom('gateway_keys')
      .select(['id', 'name', ...caps])
      .select(sql<string>`coalesce(root_id, id)`.as('quota_id'))
      .execute()
  return db
    .selectFrom(kind === 'user' ? 'users' : 'teams')
    .select(['id', 'display_name as name', 'id as quota_id', ...caps])
    .execute()
}
