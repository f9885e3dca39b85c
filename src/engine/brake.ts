// The runaway brake: a key or session that suddenly spends far more than it usually does, or asks for the same tool call again
// and again, is told of in the trace and, where the configuration says so, stopped until somebody releases it.
import type { Config } from '../config/schema.ts'
import { GatewayError } from '../ir/errors.ts'
import { usdOf } from '../lib/money.ts'
import type { Clock, Logger } from '../services.ts'
import type { BrakeStore } from '../store/brakes.ts'
import type { BrakesTable } from '../store/schema.ts'
import type { Admission } from './admit.ts'
import { createSpendingPace } from './spending-pace.ts'

export interface Brake {
  /** The refusal of a turn whose key or session is stopped, or is stopped by this turn. */
  check(admission: Admission): GatewayError | null | Promise<GatewayError | null>
  /** A turn is over. */
  spent(keyId: string | null, sessionId: string | null, nanoUsd: number): void
}

/** Of an engine that nobody calls with a key. */
export const noBrake: Pick<Brake, 'spent'> = { spent: () => undefined }

export interface BrakeParts {
  readonly config: Config['brake']
  readonly store: BrakeStore
  readonly clock: Clock
  readonly logger: Logger
  /** Told of each finding, as its event says it. */
  readonly onFound: (found: Readonly<Record<string, unknown>>) => void
}

/** What other gateways and the command line changed is known after this. */
const refreshMs = 1000
/** Sessions whose circles are remembered. */
const heldCircles = 10_000

export function createBrake({ config, store, clock, logger, onFound }: BrakeParts): Brake {
  const stops = config.mode === 'refuse'
  const pace = createSpendingPace({ factor: config.spendFactor, floorNanoUsd: config.floorNanoUsd })
  /** Subject → reason. */
  let stopped = new Map<string, string>()
  let refreshedMs = Number.NEGATIVE_INFINITY
  /** Before it, `stopped` says nothing: whoever asks looks for itself (no request of a Worker may wait for another's look). */
  let hasLooked = false
  /** How long the circle was when it was last told of: the next finding is a whole length away. */
  const told = new Map<string, number>()

  async function refresh(): Promise<void> {
    refreshedMs = clock.nowMs()
    try {
      const rows: readonly BrakesTable[] = await store.list()
      const before = stopped
      stopped = new Map(rows.map((row) => [row.subject, row.reason]))
      hasLooked = true
      for (const subject of before.keys()) if (!stopped.has(subject)) pace.forgive(subject)
    } catch (error) {
      logger.log('warn', 'who was stopped or released cannot be read now', { error: String(error) })
    }
  }

  function judge(admission: Admission): GatewayError | null {
    const subjects = subjectsOf(admission.principal.keyId, admission.sessionId)
    if (!subjects.some((subject) => stopped.has(subject))) lookForCircle(admission)
    const held = subjects.find((subject) => stopped.has(subject))
    return held === undefined ? null : refusal(held, stopped.get(held) ?? '')
  }

  function find(subject: string, reason: Reason, payload: Readonly<Record<string, unknown>>): void {
    if (stops) stopped.set(subject, reason)
    logger.log('warn', stops ? 'stopped for running away' : 'seems to be running away', { subject, reason, ...payload })
    onFound({ subject, reason, stopped: stops, ...payload })
    const written = stops ? store.put(subject, reason, payload) : store.note(subject, reason, payload)
    written.catch((error: unknown) => logger.log('warn', 'a runaway could not be recorded', { error: String(error) }))
  }

  function lookForCircle({ request, principal, sessionId }: Admission): void {
    if (!request.traits.hasTools) return
    const repeats = request.repeatedToolCalls?.() ?? 0
    const subject = subjectsOf(principal.keyId, sessionId).at(-1)
    if (subject === undefined) return
    if (repeats < config.repeatedToolCalls) {
      told.delete(subject)
      return
    }
    if (repeats < (told.get(subject) ?? 0) + config.repeatedToolCalls) return
    if (told.size >= heldCircles) told.clear()
    told.set(subject, repeats)
    find(subject, 'repeated_tool_call', { repeats })
  }

  return {
    check(admission) {
      if (config.mode === 'off') return null
      if (!stops) {
        lookForCircle(admission)
        return null
      }
      return hasLooked && clock.nowMs() - refreshedMs < refreshMs ? judge(admission) : refresh().then(() => judge(admission))
    },
    spent(keyId, sessionId, nanoUsd) {
      if (config.mode === 'off' || nanoUsd === 0) return
      for (const subject of subjectsOf(keyId, sessionId)) {
        const outlier = pace.add(subject, nanoUsd, clock.nowMs())
        if (outlier === null) continue
        find(subject, 'spend', {
          usd_this_minute: usdOf(outlier.nanoUsdThisMinute),
          usd_median_minute: usdOf(outlier.nanoUsdMedian),
        })
      }
    },
  }
}

type Reason = 'spend' | 'repeated_tool_call'

/** A session is one of its key: nobody can have another's stopped by using its name. */
function subjectsOf(keyId: string | null, sessionId: string | null): readonly string[] {
  if (keyId === null) return []
  return sessionId === null ? [`key:${keyId}`] : [`key:${keyId}`, `session:${keyId}/${sessionId}`]
}

function refusal(subject: string, reason: string): GatewayError {
  const why = reason === 'spend' ? 'it spent far more in a minute than it usually does' : 'it repeats the same tool call'
  return new GatewayError(
    'rate_limit',
    'runaway_stopped',
    `Stopped: ${why} (${subject}). \`metis-gateway brake release ${subject}\` lets it go on.`,
    { fields: { subject, reason } },
  )
}
