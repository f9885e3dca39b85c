// From this ledger to a team's hub: whole turns in batches, each noted once the hub has it. What is cut off in between is sent
// again, and the hub takes it once.
import { setTimeout as delay } from 'node:timers/promises'
import { push as pushFormat, pushAnswer, type LeftOut, type Push, type PushAnswer } from '../../src/store/push-format.ts'
import type { CommitQueue } from '../../src/store/commit-queue.ts'
import type { Storage } from '../../src/store/storage.ts'
import { forgetPushedUnit, pushedUnit, readUnpushed, type Place, type Unpushed } from '../../src/store/unpushed.ts'
import type { Logger } from '../../src/services.ts'
import { StoreError } from '../../src/store/store-error.ts'

export interface HubAddress {
  readonly url: string
  readonly token: string
}

export interface PushedTotals {
  readonly accepted: number
  readonly known: number
  readonly refused: number
  /** Not taken this time: they stay to be pushed. */
  readonly later: number
  /** The first of those two, and why. */
  readonly reasons: readonly LeftOut[]
  /** Turns of this ledger that cannot be read. */
  readonly unreadable: number
}

export interface PusherParts {
  readonly storage: Storage
  readonly queue: CommitQueue
}

const nothingSent: PushAnswer = { accepted: 0, known: 0, refused: [], later: [] }
const nothing: PushedTotals = { accepted: 0, known: 0, refused: 0, later: 0, reasons: [], unreadable: 0 }
const toldReasons = 10

const answerWithinMs = 30_000
/** How far back a push looks that is not the first: turns may have waited in a spool. */
const lookBackUs = 3_600_000_000
/** And now and then to the beginning, also for what the hub would not take yet. */
const wholeEveryMs = 24 * 3_600_000

/** What a hub is called in the notes of what it has. */
const hubName = (url: string): string => new URL(url).href

/** For a hub that was put back to an older state: the next push sends all, and it takes what it has not. */
export async function forgetPushes({ storage, queue }: PusherParts, url: string): Promise<void> {
  await queue.commit(forgetPushedUnit(storage.db, hubName(url)))
}

/** All that the hub has not. @throws StoreError when it cannot be reached or refuses; what was pushed before stays so */
export function createPusher({ storage, queue }: PusherParts, hub: HubAddress) {
  const name = hubName(hub.url)
  let sinceUs = 0
  let wholeMs = Number.NEGATIVE_INFINITY

  return async function pushAll(
    onBatch: (totals: PushedTotals) => void = () => undefined,
    stopping: AbortSignal = new AbortController().signal,
  ): Promise<PushedTotals> {
    const startedMs = performance.now()
    const startedUs = Date.now() * 1000
    // Also after this clock was set back: what it calls now lies before where it looked last.
    const isWhole = startedMs - wholeMs > wholeEveryMs || sinceUs > startedUs
    if (isWhole) sinceUs = 0
    let totals = nothing
    let after: Place | null = null
    for (;;) {
      const batch: Unpushed | null = await readUnpushed(storage.db, name, { sinceUs, nowUs: startedUs, after })
      if (batch === null) break
      const { push, turnIds, last } = batch
      const answer = push.turns.length === 0 ? nothingSent : await send(hub, push, stopping)
      const kept = new Set(answer.later.map((turn) => turn.turn_id))
      await queue.commit(
        pushedUnit(
          storage.db,
          name,
          turnIds.filter((id) => !kept.has(id)),
        ),
      )
      after = last
      sinceUs = Math.max(sinceUs, last.timestampUs - lookBackUs)
      totals = {
        accepted: totals.accepted + answer.accepted,
        known: totals.known + answer.known,
        refused: totals.refused + answer.refused.length,
        later: totals.later + answer.later.length,
        reasons: [...totals.reasons, ...answer.refused, ...answer.later].slice(0, toldReasons),
        unreadable: totals.unreadable + turnIds.length - push.turns.length,
      }
      onBatch(totals)
    }
    if (isWhole) wholeMs = startedMs
    sinceUs = Math.max(sinceUs, startedUs - lookBackUs)
    return totals
  }
}

async function send({ url, token }: HubAddress, batch: Push, stopping: AbortSignal): Promise<PushAnswer> {
  const endpoint = new URL('ingest', url.endsWith('/') ? url : `${url}/`)
  const { status, text } = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(pushFormat.parse(batch)),
    redirect: 'manual',
    signal: AbortSignal.any([stopping, AbortSignal.timeout(answerWithinMs)]),
  })
    .then(async (response) => ({ status: response.status, text: await response.text() }))
    .catch((error: unknown) => {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
      throw new StoreError(
        `the hub at ${endpoint.origin} cannot be reached (${cause})`,
        'try again; nothing is lost meanwhile',
        error,
      )
    })
  if (status === 401)
    throw new StoreError(`the hub at ${endpoint.origin} refuses the token`, 'make a new one there with `metis-gateway hub-token`')
  const answer = pushAnswer.safeParse(status === 200 || status === 409 ? parsed(text) : null)
  if (answer.success) return answer.data
  const said = /"message":"([^"]{1,200})/.exec(text)?.[1] ?? 'no answer of a hub'
  throw new StoreError(
    `the hub at ${endpoint.origin} answered ${status}: ${said}`,
    'check its address, and that it runs this version',
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Pushes again and again; a hub that is away is told of once. */
export function startPushing(
  parts: PusherParts & { readonly logger: Logger },
  hub: HubAddress & { readonly everyMs: number },
): { stop(): Promise<void> } {
  const { logger } = parts
  const pushAll = createPusher(parts, hub)
  const stopping = new AbortController()

  async function run(): Promise<void> {
    let away = false
    // They come again in every round, and are told of when they are others.
    let toldLater = 0
    while (!stopping.signal.aborted) {
      try {
        const { refused, later, unreadable, reasons } = await pushAll(undefined, stopping.signal)
        const [first] = reasons
        if (refused + unreadable > 0 || (later > 0 && later !== toldLater))
          logger.log('warn', 'the hub did not take some turns', { refused, later, unreadable, ...first })
        toldLater = later
        if (away) logger.log('info', 'the hub has all again')
        away = false
      } catch (error) {
        if (!away && !stopping.signal.aborted)
          logger.log('warn', 'turns could not be pushed to the hub; it is tried again', { error: String(error) })
        away = true
      }
      await delay(hub.everyMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined)
    }
  }

  const running = run()
  return {
    stop: () => {
      stopping.abort()
      return running
    },
  }
}
