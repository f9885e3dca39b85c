// Betas that a client asks for in a header, where a cloud takes only some: it answers 400 to a single one that it does not know, and
// Claude Code sends whatever Anthropic itself takes.
import type { Warning } from '../../ir/warning.ts'

/** The clouds have this one by another name. */
const elsewhere: ReadonlyMap<string, string> = new Map([['advanced-tool-use-2025-11-20', 'tool-search-tool-2025-10-19']])

/** @param taken undefined = all pass, as they were written */
export function betasOf(
  asked: string | null,
  taken: ReadonlySet<string> | undefined,
): { readonly header: string | null; readonly warnings: readonly Warning[] } {
  if (asked === null || taken === undefined) return { header: asked, warnings: [] }
  const kept = new Set<string>()
  const dropped: string[] = []
  for (const beta of asked.split(',').map((one) => one.trim())) {
    const name = taken.has(beta) ? beta : (elsewhere.get(beta) ?? beta)
    if (taken.has(name)) kept.add(name)
    else if (beta !== '') dropped.push(beta)
  }
  return { header: kept.size === 0 ? null : [...kept].join(','), warnings: dropped.length === 0 ? [] : [warningOf(dropped)] }
}

/** Names are the client's: what is not one is not repeated. */
function warningOf(dropped: readonly string[]): Warning {
  const names = dropped.filter((name) => /^[\w-]{1,60}$/.test(name)).slice(0, 20)
  return { field: 'anthropic-beta', action: 'dropped', reason: `this provider does not take ${names.join(' ') || 'them'}` }
}
