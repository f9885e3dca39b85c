// Some servers count their calls from 0 in each answer. Clients pair results with calls by id alone: with one `call_0` in two turns
// they read the first one's result again and again (NVIDIA-NeMo/Switchyard#502), and Anthropic refuses the conversation.
import { safeToolId } from '../../lib/identifiers.ts'

/** As a door of Messages writes an id. */
const maxMessagesId = 256

/** Each id it gives is unlike the conversation's and those it gave before: the provider's own where that is free. */
export function createFreeIds(taken: ReadonlySet<string> | undefined): (id: string) => string {
  const given = new Set<string>()
  const isTaken = (id: string): boolean =>
    given.has(id) || taken?.has(id) === true || taken?.has(safeToolId(id, maxMessagesId)) === true
  return (id) => {
    let free = id
    for (let count = 1; isTaken(free); count++) free = `${id}_${count}`
    given.add(free)
    return free
  }
}
