// A TraceStore that keeps what it is told, in order, and whose commits wait for the test when it says so.
import { GatewayError } from '../../src/ir/errors.ts'
import type { TraceEvent, TurnStatus } from '../../src/store/events.ts'
import type { ExceededQuota } from '../../src/store/quotas.ts'
import type { Recorded, TraceStore, TurnClosed, TurnOpened } from '../../src/store/traces.ts'

export interface ScriptedTraces extends TraceStore {
  readonly opened: readonly TurnOpened[]
  readonly closed: readonly TurnClosed[]
  readonly refused: readonly Parameters<TraceStore['refuseTurn']>[]
  readonly appended: readonly TraceEvent[]
  /** Statuses a turn was closed with: one, or the ledger is wrong. */
  endsOf(turnId: string): readonly TurnStatus[]
  /** @throws Error unless it was closed exactly once */
  endOf(turnId: string): TurnClosed
  /** From now on commits of that kind wait for `release`. */
  hold(kind: 'open' | 'close'): void
  release(kind: 'open' | 'close'): void
  /** How many wait. */
  readonly held: number
  /** From now on the store is away. */
  away(): void
  /** From now on a cap refuses every turn. */
  exceed(quota: ExceededQuota): void
}

export function scriptedTraces(): ScriptedTraces {
  const opened: TurnOpened[] = []
  const closed: TurnClosed[] = []
  const refused: Parameters<TraceStore['refuseTurn']>[] = []
  const appended: TraceEvent[] = []
  const holding = { open: false, close: false }
  const waiting: { kind: 'open' | 'close'; go: () => void }[] = []
  let isAway = false
  let exceeded: ExceededQuota | null = null

  async function committed(kind: 'open' | 'close'): Promise<Recorded> {
    if (holding[kind]) await new Promise<void>((go) => waiting.push({ kind, go }))
    return { deferred: isAway }
  }

  function endOf(turnId: string): TurnClosed {
    const [end, ...more] = closed.filter((turn) => turn.turnId === turnId)
    if (end === undefined || more.length > 0) throw new Error(`turn ${turnId} was closed ${more.length + (end ? 1 : 0)} times`)
    return end
  }

  return {
    opened,
    closed,
    refused,
    appended,
    endsOf: (turnId) => closed.filter((turn) => turn.turnId === turnId).map(({ turn }) => turn.payload.status),
    endOf,
    hold(kind) {
      holding[kind] = true
    },
    release(kind) {
      holding[kind] = false
      for (const { go } of waiting.splice(0).filter((one) => one.kind === kind)) go()
    },
    get held() {
      return waiting.length
    },
    away() {
      isAway = true
    },
    exceed(quota) {
      exceeded = quota
    },
    async openTurn(turn, { mustCommit }) {
      if (isAway && mustCommit) throw new GatewayError('overloaded', 'store_unavailable', 'away')
      if (exceeded !== null) return { deferred: false, exceeded }
      opened.push(turn)
      return committed('open')
    },
    async refuseTurn(route, turn) {
      refused.push([route, turn])
      return { deferred: isAway }
    },
    async closeTurn(turn) {
      closed.push(turn)
      return committed('close')
    },
    async append(events) {
      appended.push(...events)
    },
  }
}
