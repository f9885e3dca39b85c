// Names and caps of whom usage is counted for. All of them: there are few, and a list of ids would outgrow D1's 100 parameters.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Database, PushedNamesTable } from '../store/schema.ts'

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
  const pushed = await db.selectFrom('pushed_names').select(['kind', 'id', 'name', 'source']).where('kind', '=', kind).execute()
  const own = await identitiesOf(db, kind)
  return new Map([...pushed.map(elsewhere), ...own].map((row) => [row.id, row]))
}

/** On a hub: its caps are its laptop's. Every laptop has a key called `default`; users and teams are the same on all. */
const elsewhere = ({ kind, id, name, source }: PushedNamesTable): Identity => ({
  id,
  name: kind === 'gateway_key' ? `${name} @ ${source}` : name,
  daily_cap_nano_usd: null,
  monthly_cap_nano_usd: null,
  budget_nano_usd: null,
  quota_id: id,
})

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
