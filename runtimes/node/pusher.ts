// From this ledger to a team's hub: whole turns in batches, each noted once the hub has it. What is cut off in between is sent
// again, and the hub takes it once.
import { setTimeout as delay } from 'node:timers/promises'
import { push as pushFormat, pushAnswer, type Push, type PushAnswer } from '../../src/store/push-format.ts'
import type { CommitQueue } from '../../src/store/commit-queue.ts'
import type { Storage } from '../../src/store/storage.ts'
import { pushedUnit, readUnpushed } from '../../src/store/unpushed.ts'
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
  /** Turns of this ledger that cannot be read. */
  readonly unreadable: number
}

export interface PusherParts {
  readonly storage: Storage
  readonly queue: CommitQueue
}

const answerWithinMs = 30_000
/** How far back a push looks that is not the first: turns may have waited in a spool. */
const lookBackUs = 3_600_000_000
/** And now and then to the beginning. */
const wholeEveryMs = 24 * 3_600_000

/** All that the hub has not. @throws StoreError when it cannot be reached or refuses; what was pushed before stays so */
export function createPusher({ storage, queue }: PusherParts, hub: HubAddress) {
  const name = new URL(hub.url).href
  let sinceUs = 0
  let wholeMs = Number.NEGATIVE_INFINITY

  return async function pushAll(onBatch: (totals: PushedTotals) => void = () => undefined): Promise<PushedTotals> {
    const startedMs = performance.now()
    const startedUs = Date.now() * 1000
    const isWhole = startedMs - wholeMs > wholeEveryMs
    if (isWhole) sinceUs = 0
    let totals: PushedTotals = { accepted: 0, known: 0, refused: 0, unreadable: 0 }
    for (;;) {
      const batch = await readUnpushed(storage.db, name, { sinceUs, nowUs: startedUs })
      if (batch === null) break
      const { push, turnIds, untilUs } = batch
      const answer = push.turns.length === 0 ? { accepted: 0, known: 0, refused: [] } : await send(hub, push)
      await queue.commit(pushedUnit(storage.db, name, turnIds))
      sinceUs = Math.max(sinceUs, untilUs - lookBackUs)
      totals = {
        accepted: totals.accepted + answer.accepted,
        known: totals.known + answer.known,
        refused: totals.refused + answer.refused.length,
        unreadable: totals.unreadable + turnIds.length - push.turns.length,
      }
      onBatch(totals)
    }
    if (isWhole) wholeMs = startedMs
    sinceUs = Math.max(sinceUs, startedUs - lookBackUs)
    return totals
  }
}

async function send({ url, token }: HubAddress, batch: Push): Promise<PushAnswer> {
  const endpoint = new URL('ingest', url.endsWith('/') ? url : `${url}/`)
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(pushFormat.parse(batch)),
    redirect: 'manual',
    signal: AbortSignal.timeout(answerWithinMs),
  }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    throw new StoreError(
      `the hub at ${endpoint.origin} cannot be reached (${cause})`,
      'try again; nothing is lost meanwhile',
      error,
    )
  })
  const text = await response.text()
  if (response.status === 401)
    throw new StoreError(`the hub at ${endpoint.origin} refuses the token`, 'make a new one there with `metis-gateway hub-token`')
  const answer = pushAnswer.safeParse(response.ok ? parsed(text) : null)
  if (answer.success) return answer.data
  const said = /"message":"([^"]{1,200})/.exec(text)?.[1] ?? 'no answer of a hub'
  throw new StoreError(
    `the hub at ${endpoint.origin} answered ${response.status}: ${said}`,
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
    while (!stopping.signal.aborted) {
      try {
        const { refused, unreadable } = await pushAll()
        if (refused + unreadable > 0) logger.log('warn', 'the hub did not take some turns', { refused, unreadable })
        if (away) logger.log('info', 'the hub has all again')
        away = false
      } catch (error) {
        if (!away) logger.log('warn', 'turns could not be pushed to the hub; it is tried again', { error: String(error) })
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
