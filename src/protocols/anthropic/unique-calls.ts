// The API refuses a conversation in which two calls have one id ("tool_use ids must be unique"), and servers that count their calls
// from 0 in each answer leave such conversations behind.
import type { ToolCallPart } from '../../ir/request.ts'
import type { Entry, Group } from './message-groups.ts'

/** Later calls of an id get another, and so do their results, which follow in the next group in the calls' order. */
export function withUniqueCalls(groups: readonly Group[]): readonly Group[] {
  const all = groups.flatMap(({ entries }) => entries.flatMap(({ part }) => (part.type === 'toolCall' ? [part.id] : [])))
  if (new Set(all).size === all.length) return groups
  const taken = new Set(all)
  const used = new Set<string>()
  /** Of the calls just made: their new ids by the one they came with. */
  let renamed = new Map<string, string[]>()

  return groups.map((group) => {
    if (group.role === 'system') return group
    if (group.role === 'user') return { ...group, entries: group.entries.map(resultEntry) }
    renamed = new Map()
    return { ...group, entries: group.entries.map(callEntry) }
  })

  function callEntry(entry: Entry): Entry {
    const { part } = entry
    if (part.type !== 'toolCall') return entry
    const id = freeIdOf(part)
    const before = renamed.get(part.id)
    if (before) before.push(id)
    else renamed.set(part.id, [id])
    return { ...entry, part: { ...part, id } }
  }

  function freeIdOf({ id }: ToolCallPart): string {
    let free = id
    for (let count = 1; used.has(free) || (free !== id && taken.has(free)); count++) free = `${id}_${count}`
    used.add(free)
    return free
  }

  function resultEntry(entry: Entry): Entry {
    const { part } = entry
    const callId = part.type === 'toolResult' ? renamed.get(part.callId)?.shift() : undefined
    return part.type === 'toolResult' && callId !== undefined ? { ...entry, part: { ...part, callId } } : entry
  }
}
