// An engine with both vendors' wires over a scripted upstream, a clock that a test moves, and a trace store that keeps what it
// is told: turns without sockets, files or waiting.
import { createModelCatalog } from '../../src/catalog/model-catalog.ts'
import { createPriceCatalog, type PriceSource } from '../../src/catalog/price-catalog.ts'
import { createEngine, type Engine, type TurnAnswer } from '../../src/engine/engine.ts'
import type { Limit } from '../../src/engine/admit.ts'
import { noBrake } from '../../src/engine/brake.ts'
import { createRateKeeper } from '../../src/engine/rates.ts'
import type { Principal } from '../../src/ir/principal.ts'
import type { Shape, StreamChunk } from '../../src/ir/stream.ts'
import { createIdFactory } from '../../src/lib/ids.ts'
import { createDemoSend } from '../../src/providers/demo/send.ts'
import { createProviders } from '../../src/providers/index.ts'
import { presets } from '../../src/providers/presets.ts'
import { protocols } from '../../src/protocols/index.ts'
import { createRoutingTables } from '../../src/routing/tables.ts'
import type { Logger } from '../../src/services.ts'
import { createMemoryRates } from '../../src/store/rates.ts'
import type { Reservation } from '../../src/store/quotas.ts'
import type { TurnRequest } from '../../src/engine/turn-request.ts'
import { configWith } from '../catalog/config.ts'
import { fakeClock, type FakeClock } from '../support/fake-clock.ts'
import { noAttribution, principalWith } from '../support/principals.ts'
import { scriptedUpstream, type ScriptedUpstream } from '../support/upstream.ts'
import { scriptedTraces, type ScriptedTraces } from './scripted-traces.ts'

export interface TestEngine {
  readonly engine: Engine
  readonly upstream: ScriptedUpstream
  readonly clock: FakeClock
  readonly traces: ScriptedTraces
  /** What turns gave back to their caps, in order. */
  readonly settled: readonly Reservation[]
  /** Starts a turn. */
  ask(options?: Asked): Asking
}

export interface Asked {
  readonly model?: string
  readonly shape?: Extract<Shape, 'anthropic' | 'openai'>
  readonly stream?: boolean
  readonly principal?: Partial<Principal>
  readonly work?: TurnRequest['work']
  /** Added to the request's body. */
  readonly body?: Readonly<Record<string, unknown>>
}

export interface Asking {
  readonly turnId: string
  readonly answer: Promise<TurnAnswer>
  /** As the runtime does it when the socket closes. */
  leave(): void
}

export interface EngineOptions {
  readonly config?: Record<string, unknown>
  /** `auto`: sleeping takes no time. */
  readonly auto?: boolean
  readonly limits?: readonly Limit[]
  /** Of every jitter; 1 is the most there can be. */
  readonly random?: number
  /** Told of what is logged as an error. */
  readonly onError?: (message: string) => void
  /** In place of the shipped price list. */
  readonly loadPrices?: () => Promise<PriceSource>
}

/** `up` on the OpenAI wire and `ant` on Anthropic's, both without a price, beside the vendors themselves. */
export async function openEngine(options: EngineOptions = {}): Promise<TestEngine> {
  const clock = fakeClock({ auto: options.auto ?? true })
  const upstream = scriptedUpstream({ clock })
  const traces = scriptedTraces()
  const config = configWith(['anthropic', 'openai'], {
    providers: {
      up: { wire: 'openai', base_url: 'http://127.0.0.1:9/v1' },
      ant: { wire: 'anthropic', base_url: 'http://127.0.0.1:9' },
    },
    ...options.config,
  })
  const models = createModelCatalog(config)
  const prices = createPriceCatalog(config, options.loadPrices)
  if (options.loadPrices === undefined) await prices.ready()
  const settled: Reservation[] = []
  const nextId = createIdFactory(() => clock.nowUs() / 1000)
  const logger: Logger = { log: (level, message) => void (level === 'error' && options.onError?.(message)) }
  const known = new Set(presets.map((preset) => preset.name))
  const engine = createEngine({
    routing: createRoutingTables({ config, models, known, prices, clock, logger }),
    providers: createProviders(config, { send: upstream.send, demoSend: createDemoSend(clock), models, clock }),
    prices,
    traces,
    limits: options.limits ?? [],
    brake: noBrake,
    rates: createRateKeeper(createMemoryRates(clock), () => undefined),
    clock,
    random: () => options.random ?? 0,
    nextId,
    redact: (text) => text,
    onSettled: (reservation) => void settled.push(reservation),
    logger,
  })

  function ask(asked: Asked = {}): Asking {
    const { model = 'anthropic:claude-haiku-4-5', shape = 'anthropic', stream = true, principal } = asked
    const body = { model, stream, max_tokens: 64, messages: [{ role: 'user', content: 'Say hello.' }], ...asked.body }
    const bytes = new TextEncoder().encode(JSON.stringify(body))
    const turnId = nextId()
    let gone: (() => void) | undefined
    let left = false
    const answer = engine.run({
      request: protocols[shape].server.decodeRequest(bytes, new Headers()),
      principal: principalWith(principal),
      attribution: noAttribution,
      work: asked.work,
      inboundShape: shape,
      turnId,
      receivedMs: clock.nowMs(),
      onClientGone(callback) {
        if (left) callback()
        else gone = callback
      },
    })
    // Who only looks at the trace must not be told of an unhandled rejection.
    answer.catch(() => undefined)
    return {
      turnId,
      answer,
      leave() {
        left = true
        gone?.()
      },
    }
  }

  return { engine, upstream, clock, traces, settled, ask }
}

/** Reads an answer as a door of the same shape does. */
export async function readAll(chunks: AsyncIterable<StreamChunk>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of chunks) text += decoder.decode(chunk.verbatim?.bytes, { stream: true })
  return text
}
