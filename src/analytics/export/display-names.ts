// What keys and teams are called, for a format that wants the name beside the id.
import type { Kysely } from 'kysely'
import type { Database } from '../../store/schema.ts'
import { readIdentities } from '../identities.ts'

/** By id. */
export interface DisplayNames {
  readonly keys: ReadonlyMap<string, string>
  readonly teams: ReadonlyMap<string, string>
}

export const noNames: DisplayNames = { keys: new Map(), teams: new Map() }

export async function readDisplayNames(db: Kysely<Database>): Promise<DisplayNames> {
  const [keys, teams] = [await readIdentities(db, 'gateway_key'), await readIdentities(db, 'team')]
  return { keys: distinct([...keys.values()]), teams: distinct([...teams.values()]) }
}

/** FOCUS wants no two accounts of one name: a name that several have gets the id beside it. */
function distinct(named: readonly { readonly id: string; readonly name: string }[]): ReadonlyMap<string, string> {
  const counts = new Map<string, number>()
  for (const { name } of named) counts.set(name, (counts.get(name) ?? 0) + 1)
  return new Map(named.map(({ id, name }) => [id, counts.get(name) === 1 ? name : `${name} (${id})`]))
}
