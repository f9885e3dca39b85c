// What teams, users and keys are called, by id: chips, charts and a turn's page know only ids.
import { acrossIdentities, analytics, query, useAnswers, type Query } from '../api.ts'
import { shortId, visible } from '../format.ts'
import type { FilterName } from '../state.ts'

interface Rows {
  readonly data: readonly Readonly<Record<string, unknown>>[]
}

interface Source {
  readonly id: string
  readonly name: string
  ask(): Query<Rows>
}

const sources: Readonly<Partial<Record<FilterName, Source>>> = {
  team: { id: 'team_id', name: 'team_name', ask: () => analytics('/analytics/by_team', {}, acrossIdentities) },
  user: { id: 'user_id', name: 'display_name', ask: () => analytics('/analytics/by_user', {}, acrossIdentities) },
  // All of them, also those without a call in the window.
  gateway_key: { id: 'key_id', name: 'name', ask: () => query('/admin/keys') },
}

/** From id to name. Until the names are here, and for what has none: the id, a key's short. */
export function useNames(of: FilterName): (id: string) => string {
  const source = sources[of]
  const asked: Readonly<Record<string, Query<Rows>>> = source === undefined ? {} : { named: source.ask() }
  const rows = useAnswers(asked).all?.['named']?.data ?? []
  const names = new Map(source === undefined ? [] : rows.map((row) => [row[source.id], row[source.name]]))
  return (id) => {
    const name = names.get(id)
    if (typeof name === 'string') return visible(name)
    return of === 'gateway_key' ? shortId(id) : visible(id)
  }
}
