// What Claude Code tells a status line on stdin, as JSON of which every field may be missing. Read by hand: a schema library would
// take longer to load than all the rest takes.

export interface ToldSession {
  readonly id: string | null
  /** Where its user works now. */
  readonly folder: string | null
  /** Its own estimate at list prices. */
  readonly costUsd: number | null
}

export function toldSession(text: string): ToldSession {
  const told = parsed(text)
  const folder = at(at(told, 'workspace'), 'current_dir') ?? at(told, 'cwd')
  const id = at(told, 'session_id')
  const costUsd = at(at(told, 'cost'), 'total_cost_usd')
  return {
    id: typeof id === 'string' && id !== '' ? id : null,
    folder: typeof folder === 'string' && folder !== '' ? folder : null,
    costUsd: typeof costUsd === 'number' && Number.isFinite(costUsd) ? costUsd : null,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
}
