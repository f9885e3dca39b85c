// The ids of a turn from a laptop whose clock was once far ahead: its ids go on rising from where the clock was (lib/ids.ts), months
// ahead of what they are of. The hub's own rise above all that it has, so such turns get ids of their own time here: the same ones
// whenever they are sent, in the same order.
import { ulidAt, ulidTimeMs } from '../lib/ids.ts'
import type { PushedTurn } from './push-format.ts'

/** What a laptop's clock may be ahead: an id from further on would push all of the hub's own ids there. */
export const aheadUs = 3_600_000_000

interface Dated {
  readonly id: string
  readonly timestampUs: number
  readonly parentEventId: string | null
}

/** The turn as it is, unless one of its ids is of another time than its event. */
export function inItsTime(turn: PushedTurn): PushedTurn {
  const { route, call } = turn
  if (![route, call ?? route, turn.turn].some(isAhead)) return turn
  const moved = new Map<string, string>()
  let last = ''
  const moveId = <Event extends Dated>(event: Event): Event => {
    last = ulidAfter(last, isAhead(event) ? timeMsOf(event) : ulidTimeMs(event.id), event.id)
    moved.set(event.id, last)
    return { ...event, id: last, parentEventId: moved.get(event.parentEventId ?? '') ?? event.parentEventId }
  }
  return { ...turn, route: moveId(route), call: call === null ? null : moveId(call), turn: moveId(turn.turn) }
}

const timeMsOf = ({ timestampUs }: Dated): number => Math.floor(timestampUs / 1000)

const isAhead = (event: Dated): boolean => ulidTimeMs(event.id) * 1000 > event.timestampUs + aheadUs

/** With this time, or the first after it at which it is above `last`. */
function ulidAfter(last: string, ms: number, ulid: string): string {
  const wanted = ulidAt(ms, ulid)
  return wanted > last ? wanted : ulidAt(ulidTimeMs(last) + 1, ulid)
}
