// What Claude Code tells a status line, as JSON of which every field may be missing. Read by hand: a schema library would take longer
// to load than all the rest takes.

export interface ToldSession {
  readonly id: string | null
  /** Where its user works now. */
  readonly folder: string | null
  /** Its own estimate at list prices. */
  readonly costUsd: number | null
}

export function toldSession(told: unknown): ToldSession {
  const folder = at(at(told, 'workspace'), 'current_dir') ?? at(told, 'cwd')
  const id = at(told, 'session_id')
  const costUsd = at(at(told, 'cost'), 'total_cost_usd')
  return {
    // No session is called by what Postgres takes for no text.
    id: typeof id === 'string' && id !== '' && !id.includes('\u{0}') ? id : null,
    folder: typeof folder === 'string' && folder !== '' ? folder : null,
    costUsd: typeof costUsd === 'number' && Number.isFinite(costUsd) ? costUsd : null,
  }
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
}
