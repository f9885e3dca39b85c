// Messages that this wire reads as one turn: an assistant's pieces, and tool results with what the user says beside them.
import type { Message, Part } from '../../ir/request.ts'

export interface Entry {
  readonly part: Part
  /** `messages[3].content[1]` */
  readonly path: string
}

export interface Group {
  readonly role: Message['role']
  readonly entries: readonly Entry[]
  /** Of its first message. */
  readonly path: string
}

export function groupsOf(messages: readonly Message[]): readonly Group[] {
  const groups: Group[] = []
  const waiting: Group[] = []
  for (const message of messages) {
    const group = groupOf(message)
    const last = groups.at(-1)
    // Nothing may stand between a call and its result: an instruction there waits until the results are in.
    if (group.role === 'system' && last?.role === 'assistant' && last.entries.some(({ part }) => part.type === 'toolCall')) {
      waiting.push(group)
    } else if (last && joins(last, group)) {
      groups[groups.length - 1] = { ...last, entries: [...last.entries, ...group.entries] }
    } else {
      if (group.role !== 'user' || last?.role === 'user') groups.push(...waiting.splice(0))
      groups.push(group)
    }
  }
  return [...groups, ...waiting]
}

function groupOf({ role, parts, path }: Message): Group {
  return { role, path, entries: parts.map((part, index) => ({ part, path: `${path}.content[${index}]` })) }
}

function joins(last: Group, next: Group): boolean {
  if (last.role !== next.role) return false
  if (next.role === 'assistant') return true
  const holdsResults = ({ entries }: Group): boolean => entries.some(({ part }) => part.type === 'toolResult')
  return next.role === 'user' && (holdsResults(last) || holdsResults(next))
}
