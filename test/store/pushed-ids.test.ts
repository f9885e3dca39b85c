// Ids of a turn that a laptop made while it counted far ahead of its clock, as the hub takes them.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createIdFactory, createUlidAt, ulidTimeMs } from '../../src/lib/ids.ts'
import { pushedTurn, type PushedTurn } from '../../src/store/push-format.ts'
import { inItsTime } from '../../src/store/pushed-ids.ts'
import { turnOf } from '../support/turns.ts'

const nowMs = Date.UTC(2026, 5, 1)

/** Turns of one laptop: made one after the other, each so many ms after the one before, by ids that begin at `seedMs`. */
function turnsFrom(seedMs: number, gapsMs: readonly (readonly [number, number, number])[]): readonly PushedTurn[] {
  let ms = nowMs
  const nextId = createIdFactory(() => ms, createUlidAt(seedMs, new Uint8Array(16)))
  return gapsMs.map((gaps, number) => {
    const { opened, closed } = turnOf(number)
    const dated = gaps.map((gap) => {
      ms += gap
      return { id: nextId(), timestampUs: ms * 1000 + 7 }
    })
    const [route, call, turn] = dated
    const parentEventId = route?.id
    return pushedTurn.parse({
      turnId: opened.turnId,
      route: { ...opened.route, ...route },
      call: { ...closed.call, ...call, parentEventId },
      turn: { ...closed.turn, ...turn, parentEventId },
    })
  })
}

const eventsOf = ({ route, call, turn }: PushedTurn) => [route, ...(call === null ? [] : [call]), turn]
const gaps = fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)), { minLength: 1, maxLength: 20 })
const aheadMs = fc.integer({ min: 3_600_001 + 200, max: 50 * 365 * 86_400_000 })

describe('ids that are ahead of their events', () => {
  it('become ids of their time that rise, are never another’s, and are the same whenever they are sent', () => {
    fc.assert(
      fc.property(aheadMs, gaps, (ahead, made) => {
        const sent = turnsFrom(nowMs + ahead, made)
        const moved = sent.map(inItsTime)
        for (const [place, turn] of moved.entries()) {
          const [route, ...rest] = eventsOf(turn)
          const ids = eventsOf(turn).map(({ id }) => id)
          expect(ids).toEqual(ids.toSorted())
          expect(rest.map(({ parentEventId }) => parentEventId)).toEqual([route?.id, route?.id])
          for (const { id, timestampUs } of eventsOf(turn)) {
            const late = ulidTimeMs(id) - Math.floor(timestampUs / 1000)
            expect(late >= 0 && late <= 2).toBe(true)
          }
          expect({ ...turn, route: null, call: null, turn: null }).toEqual({
            ...sent[place],
            route: null,
            call: null,
            turn: null,
          })
        }
        const all = moved.flatMap((turn) => eventsOf(turn).map(({ id }) => id))
        expect(new Set(all).size).toBe(3 * made.length)
        expect(sent.map(inItsTime)).toEqual(moved)
        expect(moved.map(inItsTime)).toEqual(moved)
      }),
    )
  })

  it('stay as they are where the clock was an hour ahead at most', () => {
    fc.assert(
      fc.property(fc.nat(3_600_000), gaps, (ahead, made) => {
        for (const turn of turnsFrom(nowMs + ahead, made)) expect(inItsTime(turn)).toBe(turn)
      }),
    )
  })

  it('move for the end alone, where the clock was set in the middle of a turn', () => {
    const [turn] = turnsFrom(0, [[0, 5, 0]])
    if (turn === undefined) throw new Error('no turn')
    const end = { ...turn.turn, id: createUlidAt(Date.UTC(2100, 0), new Uint8Array(16)) }
    const moved = inItsTime({ ...turn, turn: end })
    expect([moved.route, moved.call]).toEqual([turn.route, turn.call])
    expect(ulidTimeMs(moved.turn.id) - nowMs).toBeLessThanOrEqual(6)
    expect(moved.turn.id > (turn.call?.id ?? '')).toBe(true)
  })
})
