// Recorded streams, cut at every boundary between two events, through each door: what the client got, what went on record, and
// what it was billed. The engine's own turn and account over the protocols' own decoders; only the socket and the store are not.
// scripts/metering-table.mjs writes it down, metering.test.ts says what must hold.
import { createPriceCatalog } from '../../src/catalog/price-catalog.ts'
import { account } from '../../src/engine/account.ts'
import { identityOf } from '../../src/engine/identity.ts'
import { clientGone } from '../../src/engine/refusals.ts'
import { createTurn } from '../../src/engine/turn.ts'
import { createIdFactory } from '../../src/lib/ids.ts'
import { estimateTokens } from '../../src/lib/tokens.ts'
import { protocols } from '../../src/protocols/index.ts'
import type { AnswerContext, EncodedRequest } from '../../src/protocols/protocol.ts'
import type { LlmCallCompleted } from '../../src/store/events.ts'
import type { TurnClosed } from '../../src/store/traces.ts'
import { configWith } from '../catalog/config.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { noAttribution, principalWith } from '../support/principals.ts'

export type Wire = 'anthropic' | 'openai'
export const wires: readonly Wire[] = ['anthropic', 'openai']
/** The client goes away, or the provider's connection breaks. */
export type Cut = 'leaves' | 'breaks'

export interface Measured {
  /** Of what reached the client: its characters as tokens. */
  readonly deliveredTokens: number
  /** null = the call failed before anything was delivered. */
  readonly recorded: LlmCallCompleted | null
  readonly status: string
  readonly billedNanoUsd: number | null
}

const models: Readonly<Record<Wire, { readonly provider: string; readonly name: string }>> = {
  anthropic: { provider: 'anthropic', name: 'claude-sonnet-5-5' },
  openai: { provider: 'openai', name: 'gpt-5-mini' },
}

export const estimatedInputTokens = 321

export interface Metering {
  /** `pieces` until the cut; all of them: the whole answer. */
  measure(from: Wire, pieces: readonly Uint8Array[], door: Wire, cut: number, how: Cut): Promise<Measured>
}

export async function openMetering(): Promise<Metering> {
  const prices = createPriceCatalog(configWith(['anthropic', 'openai']))
  await prices.ready()
  const clock = fakeClock({ auto: true })
  const nextId = createIdFactory(() => clock.nowUs() / 1000)

  return {
    async measure(from, pieces, door, cut, how) {
      const closed: TurnClosed[] = []
      const id = nextId()
      const turn = createTurn({
        head: {
          id,
          sessionId: id,
          identity: identityOf(principalWith(), noAttribution, door),
          requestedModel: 'any',
          stream: true,
          nextId,
        },
        routeEventId: nextId(),
        estimatedInputTokens,
        log: { entries: [], model: models[from] },
        startedMs: clock.nowMs(),
        clock,
        prices,
        traces: {
          openTurn: () => Promise.reject(new Error('not here')),
          refuseTurn: () => Promise.reject(new Error('not here')),
          append: () => Promise.resolve(),
          closeTurn: (end) => {
            closed.push(end)
            return Promise.resolve({ deferred: false })
          },
        },
        logger: { log: () => undefined },
        redact: (text) => text,
        onClosed: () => undefined,
        reservation: undefined,
        subscription: false,
        onSettled: () => undefined,
      })
      const abort = new AbortController()
      const upstream = piecesUntil(pieces, cut, how, abort)
      const chunks = account(turn, protocols[from].client.decodeStream(upstream, callTo(door)), abort.signal)
      const received = await collect(protocols[door].server.encodeStream(chunks, answer))
      const [end, ...more] = closed
      if (end === undefined || more.length > 0) throw new Error(`a turn was closed ${closed.length} times`)
      return {
        deliveredTokens: estimateTokens(await charactersIn(door, received)),
        recorded: end.call?.type === 'llm.call_completed' ? end.call.payload : null,
        status: end.turn.payload.status,
        billedNanoUsd: end.costNanoUsd,
      }
    },
  }
}

/** A client that leaves makes the next read from the provider fail; a provider that breaks ends before its end mark. */
async function* piecesUntil(
  pieces: readonly Uint8Array[],
  cut: number,
  how: Cut,
  abort: AbortController,
): AsyncGenerator<Uint8Array> {
  for (const piece of pieces.slice(0, cut)) yield piece
  if (how === 'breaks' || cut === pieces.length) return
  abort.abort(clientGone())
  throw abort.signal.reason
}

/** Each with the blank line that ends it. */
export function piecesOf(stream: Uint8Array): readonly Uint8Array[] {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(stream)
  const encoder = new TextEncoder()
  return text.split(/(?<=\r\n\r\n|\n\n)/).map((piece) => encoder.encode(piece))
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<readonly Uint8Array[]> {
  const buffers: Uint8Array[] = []
  try {
    for await (const bytes of stream) buffers.push(bytes)
  } catch {
    // A client that is gone reads no error frame either.
  }
  return buffers
}

/** Read as a client of that shape does, as far as it goes: the characters themselves, however the wire escapes them. */
async function charactersIn(door: Wire, buffers: readonly Uint8Array[]): Promise<number> {
  const foreign = door === 'anthropic' ? 'openai' : 'anthropic'
  let characters = 0
  try {
    for await (const chunk of protocols[door].client.decodeStream(each(buffers), callTo(foreign)))
      for (const event of chunk.events()) if ('text' in event) characters += event.text.length
  } catch {
    return characters
  }
  return characters
}

async function* each(buffers: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* buffers
}

const callTo = (inboundShape: Wire): EncodedRequest => ({
  path: '/',
  headers: {},
  body: '',
  stream: true,
  warnings: [],
  inboundShape,
  toolNames: new Map(),
  hidesUsageChunk: false,
})

const answer: AnswerContext = {
  turnId: '01JD0000000000000000000000',
  createdS: 1_700_000_000,
  model: 'any',
  includeUsage: true,
  stream: true,
  estimatedInputTokens,
}
