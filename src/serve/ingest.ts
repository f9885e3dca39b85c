// `POST /ingest`: where laptops push their ledgers. The hub token in front of it says whose rows they are.
import type * as z from 'zod'
import { createClientAddress } from '../gateway/client-address.ts'
import { createFailureLimit } from '../gateway/failure-limit.ts'
import { invalidValue } from '../ir/errors.ts'
import { parseJsonBytes } from '../ir/json-body.ts'
import type { Services } from '../services.ts'
import type { Hub } from '../store/hub.ts'
import { uncheckedPush, type PushAnswer } from '../store/push-format.ts'
import { createMemoryRates } from '../store/rates.ts'
import { errorAnswer, jsonAnswer } from './answers.ts'
import type { notTakenYet } from './hub-operations.ts'

/** A push is cut at a quarter of it: proxies in between allow a megabyte as they come. */
const bodyLimitBytes = 4 * 1024 * 1024
/** Hashes of tokens that have opened; forgotten all at once beyond, and then each is a stranger once more. */
const heldTokens = 10_000

type Parts = Pick<Services, 'config' | 'clock' | 'hash' | 'readBody' | 'peerAddress' | 'logger'>

/** @throws GatewayError for a body that is no push, or a store that is away */
export function createIngest(hub: Hub, services: Parts): (request: Request) => Promise<Response> {
  const { config, clock, hash, readBody, logger } = services
  const failures = createFailureLimit({
    clientAddressOf: createClientAddress(services),
    rates: createMemoryRates(clock),
    perMinute: config.limits.authFailuresPerMinute,
  })
  const opened = new Set<string>()

  return async (request) => {
    const source = await sourceOf(request)
    if (source instanceof Response) return source
    const body = uncheckedPush.safeParse(parseJsonBytes(await readBody(request, bodyLimitBytes)))
    if (body.success) return answerOf(source, await hub.take(source, body.data))
    const [issue] = body.error.issues
    throw invalidValue(issue?.path.join('.') || 'body', `This is no push of a ledger: ${issue?.message ?? 'it cannot be read'}.`)
  }

  /** Strangers that fail all the time cost no look into the database; a laptop at the same address goes on pushing. */
  async function sourceOf(request: Request): Promise<string | Response> {
    const token = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? ''
    const tokenHash = await hash(token)
    const isStranger = !opened.has(tokenHash)
    const waitMs = isStranger ? await failures.take(request) : 0
    if (waitMs > 0) return tooManyFailures(waitMs)
    const source = await hub.sourceOf(token)
    if (source === null) {
      opened.delete(tokenHash)
      return invalidToken()
    }
    if (isStranger) {
      failures.giveBack(request)
      if (opened.size >= heldTokens) opened.clear()
      opened.add(tokenHash)
    }
    return source
  }

  function answerOf(source: string, answer: PushAnswer): Response {
    const { refused, later } = answer
    const [first] = [...refused, ...later]
    if (first === undefined) return jsonAnswer(200, answer)
    const counts = { refused: refused.length, later: later.length }
    logger.log('warn', 'some turns of a laptop were not taken', { laptop: source, ...counts, ...first })
    const [waits] = later
    if (waits === undefined) return jsonAnswer(200, answer)
    // No 200: a laptop that does not know of `later` must not note them as taken.
    const partly: z.output<typeof notTakenYet> = { error: { code: 'not_taken_yet', message: waits.reason }, ...answer }
    return jsonAnswer(409, partly)
  }
}

const invalidToken = (): Response =>
  errorAnswer(401, 'invalid_hub_token', 'Send the hub token as Authorization: Bearer; `metis-gateway hub-token` makes one.', {
    'www-authenticate': 'Bearer realm="metis hub"',
  })

const tooManyFailures = (waitMs: number): Response =>
  errorAnswer(
    429,
    'rate_limit_exceeded',
    'Too many requests with a bad hub token came from this address. Check the token before you go on.',
    { 'retry-after': String(Math.ceil(waitMs / 1000)) },
  )
