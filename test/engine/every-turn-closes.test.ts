// The law of the ledger: whatever the provider does, whoever leaves, and whenever the gateway stops, each turn that was opened is
// closed exactly once, and as what its client saw.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { GatewayError } from '../../src/ir/errors.ts'
import { UpstreamFailure } from '../../src/services.ts'
import { retryAfter, type Fault, type Script } from '../support/scripts.ts'
import type { UpstreamScript } from '../support/upstream.ts'
import { openEngine, type Asking, type TestEngine } from './open-engine.ts'

const faults: readonly Fault[] = [
  'stall-first',
  'stall-head',
  'stall-mid',
  'reset-first',
  'reset-mid',
  'fin-mid',
  'end-mid',
  'error-mid',
  'html',
  'garbage',
  'empty',
  'redirect',
]

const script = fc.oneof(
  fc.record<Script>(
    {
      fault: fc.constantFrom(...faults),
      delayFirstMs: fc.nat(300),
      delayMs: fc.nat(100),
      sliceBytes: fc.integer({ min: 1, max: 400 }),
      faultAfterFrames: fc.nat(12),
      crlf: fc.boolean(),
    },
    { requiredKeys: [] },
  ),
  fc.record({ status: fc.constantFrom(400, 401, 404, 408, 409, 413, 429, 500, 503, 529) }),
  fc.record({ status: fc.constant(429), headers: fc.nat(100).map((seconds) => retryAfter.seconds(seconds)) }),
  fc.constantFrom('connect', 'stale', 'reset', 'connect_timeout', 'malformed').map((fault) => new UpstreamFailure(fault)),
)

const turn = fc.record({
  model: fc.constantFrom('anthropic:claude-haiku-4-5', 'openai:gpt-5-mini', 'up:m', 'haiku'),
  shape: fc.constantFrom('anthropic', 'openai'),
  stream: fc.boolean(),
  /** When the client goes, ms after it asked; null = it stays. */
  leavesMs: fc.option(fc.nat(2000)),
  /** How many chunks it reads before it stops reading without a word; null = all. */
  reads: fc.option(fc.nat(6), { freq: 4 }),
})

/** What a client can tell of its answer. */
type Seen = 'whole' | 'failed' | 'left' | 'told of the shutdown'

async function read(asking: Asking, reads: number | null): Promise<Seen> {
  try {
    const { chunks } = await asking.answer
    let count = 0
    for await (const chunk of chunks) {
      if (chunk.verbatim === undefined && chunk.events().length < 0) return 'failed'
      if (chunk.meter.ended) return 'whole'
      count += 1
      if (reads !== null && count > reads) return 'left'
    }
    return 'whole'
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    if (error.code === 'client_closed_request') return 'left'
    return error.code === 'shutting_down' ? 'told of the shutdown' : 'failed'
  }
}

const statusOf = { whole: 'ok', failed: 'failed', left: 'cancelled', 'told of the shutdown': 'interrupted' } as const

async function play(engine: TestEngine, scripts: readonly UpstreamScript[], asks: readonly Turn[], stopMs: number | null) {
  engine.upstream.script(...scripts)
  const turns = asks.map(({ leavesMs, reads, ...asked }) => {
    const asking = engine.ask(asked)
    return { asking, leavesMs, seen: read(asking, reads) }
  })
  const moments = [
    ...turns.flatMap(({ asking, leavesMs }) => (leavesMs === null ? [] : [{ atMs: leavesMs, act: () => asking.leave() }])),
    ...(stopMs === null ? [] : [{ atMs: stopMs, act: () => void engine.engine.interruptAll() }]),
  ].toSorted((a, b) => a.atMs - b.atMs)
  let nowMs = 0
  for (const { atMs, act } of moments) {
    await engine.clock.advance(atMs - nowMs)
    nowMs = atMs
    act()
  }
  // Longer than every silence and every wait there can be.
  await engine.clock.advance(10_000_000)
  return Promise.all(turns.map(async ({ asking, seen }) => ({ turnId: asking.turnId, seen: await seen })))
}
type Turn = typeof turn extends fc.Arbitrary<infer T> ? T : never

it('holds for any mix of answers, faults, leavings and a shutdown', async () => {
  const seenAtAll = new Set<Seen>()
  await fc.assert(
    fc.asyncProperty(
      fc.array(script, { maxLength: 10 }),
      fc.array(turn, { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat(2000), { freq: 3 }),
      async (scripts, asks, stopMs) => {
        const engine = await openEngine({
          auto: false,
          config: {
            limits: { first_byte_ms: 1500, idle_ms: 1000 },
            fallbacks: { 'up:m': ['openai:gpt-5-mini', 'ant:claude-haiku-4-5'] },
          },
        })
        for (const { turnId, seen } of await play(engine, scripts, asks, stopMs)) {
          seenAtAll.add(seen)
          expect(engine.traces.endsOf(turnId)).toEqual([statusOf[seen]])
          const { call } = engine.traces.endOf(turnId)
          expect(call?.payload.attempts).toBe(call?.payload.attempt_log.length)
        }
        expect(engine.traces.opened.length).toBe(engine.traces.closed.length)
        expect(engine.engine.running).toBe(0)
        expect(engine.clock.sleeping).toEqual([])
      },
    ),
    { numRuns: 150 },
  )
  expect([...seenAtAll].toSorted()).toEqual(['failed', 'left', 'told of the shutdown', 'whole'])
}, 60_000)
