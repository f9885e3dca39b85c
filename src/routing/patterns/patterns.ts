// The pattern slot's memory: turns of the ledger as fingerprints with their outcomes, learned from as they end. Off until it is
// switched on (`pattern_routing`); then each request's words are hashed, and nothing that was said is kept.
import type { PatternSettings } from '../../config/schema.ts'
import type { Clock, Logger } from '../../services.ts'
import type { TurnStatus } from '../../store/events.ts'
import type { Fingerprint, PatternStore, Sample } from '../../store/patterns.ts'
import type { RouteRequest } from '../route-request.ts'
import { fingerprintOf, similarityTo } from './fingerprint.ts'
import { recommend, type Recommendation } from './recommend.ts'

/** A turn that was refused met no model, and one that a shutdown cut says nothing of it. */
export type LearnedStatus = Exclude<TurnStatus, 'refused' | 'interrupted'>

export interface EndedTurn {
  readonly turnId: string
  /** Of one key; null = the turn stands alone. */
  readonly session: string | null
  readonly model: string
  readonly status: LearnedStatus
  /** null = unpriced. */
  readonly costNanoUsd: number | null
}

export interface Patterns {
  /** What earlier turns are read, the first time; null = go on. */
  prepare(): Promise<void> | null
  /** null = there are no words to go by. */
  recommend(request: RouteRequest, isAllowed: (model: string) => boolean): Recommendation | null
  /** A turn ended: remembered, here and in the ledger. */
  learn(request: RouteRequest, turn: EndedTurn): void
}

/** Newest first; what is older is forgotten. */
const SAMPLES_LIMIT = 2000
const LOOK_EVERY_US = 30_000_000
/** Clocks differ, and a row is visible some time after it was stamped. */
const OVERLAP_US = 60_000_000
/** Who asks nearly the same again within this was not helped. */
const AGAIN_US = 600_000_000
const AGAIN_SIMILARITY = 0.7
const AGAIN_OUTCOME = 0.2
const SESSIONS_LIMIT = 1000

const outcomes: Readonly<Record<LearnedStatus, number>> = { ok: 1, cancelled: 0.3, failed: 0 }

export interface PatternParts {
  readonly settings: PatternSettings
  readonly store: PatternStore
  readonly clock: Pick<Clock, 'nowUs'>
  readonly logger: Logger
}

export function createPatterns({ settings, store, clock, logger }: PatternParts): Patterns {
  /** By turn, oldest first. */
  const samples = new Map<string, Sample>()
  let lookedUs = -Infinity
  let askedUs = -Infinity
  const made = new WeakMap<RouteRequest, Fingerprint | null>()
  const lastAsked = new Map<string, { readonly sample: Sample; readonly atUs: number }>()

  const fingerprint = (request: RouteRequest): Fingerprint | null => {
    const known = made.get(request)
    if (known !== undefined) return known
    const fresh = fingerprintOf(request)
    made.set(request, fresh)
    return fresh
  }

  function remember(sample: Sample): void {
    samples.delete(sample.turnId)
    samples.set(sample.turnId, sample)
    dropOldest(samples, SAMPLES_LIMIT)
  }

  /** Other processes learn too, and people say later how it went. Never throws: routing goes on without. */
  async function look(): Promise<void> {
    askedUs = clock.nowUs()
    const startedUs = askedUs
    try {
      for (const sample of await store.read(Math.max(0, lookedUs - OVERLAP_US), SAMPLES_LIMIT)) remember(sample)
      lookedUs = Math.max(lookedUs, startedUs)
    } catch (error) {
      lookedUs = clock.nowUs()
      logger.log('warn', 'patterns could not be read', { error: String(error) })
    }
  }

  /** The one before was no help when the same is asked again. */
  function judgePrevious(session: string, sample: Sample): void {
    const atUs = clock.nowUs()
    // Clients ask small models about the same words beside the question itself, for a title: those turns bring no tools.
    const asker = `${session}/${sample.fingerprint.hasTools}`
    const previous = lastAsked.get(asker)
    lastAsked.delete(asker)
    lastAsked.set(asker, { sample, atUs })
    dropOldest(lastAsked, SESSIONS_LIMIT)
    if (previous === undefined || atUs - previous.atUs > AGAIN_US) return
    if (similarityTo(previous.sample.fingerprint)(sample.fingerprint) < AGAIN_SIMILARITY) return
    const judged = { ...previous.sample, outcome: Math.min(previous.sample.outcome, AGAIN_OUTCOME) }
    remember(judged)
    kept(store.judge(judged.turnId, judged.outcome))
  }

  function kept(work: Promise<void>): void {
    work.catch((error: unknown) => logger.log('warn', 'a pattern could not be kept', { error: String(error) }))
  }

  return {
    prepare() {
      const nowUs = clock.nowUs()
      if (nowUs - lookedUs < LOOK_EVERY_US) return null
      // Nobody waits for another's look: on Workers the I/O of a request ends with it.
      if (lookedUs === -Infinity) return look()
      if (nowUs - askedUs >= LOOK_EVERY_US) void look()
      return null
    },
    recommend(request, isAllowed) {
      const own = fingerprint(request)
      return own === null ? null : recommend(own, samples.values(), settings, isAllowed)
    },
    learn(request, { turnId, session, model, status, costNanoUsd }) {
      const own = fingerprint(request)
      if (own === null) return
      // What broke, or was stopped, cost less than an answer does.
      const cost = status === 'ok' ? costNanoUsd : null
      const sample: Sample = { turnId, fingerprint: own, model, outcome: outcomes[status], costNanoUsd: cost }
      if (session !== null && own.isQuestion) judgePrevious(session, sample)
      remember(sample)
      kept(store.add(sample))
    },
  }
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= most) return
    map.delete(oldest)
  }
}
