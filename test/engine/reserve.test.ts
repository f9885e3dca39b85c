// What a call under a cap is expected to cost at most, and what becomes of it.
import { describe, expect, it } from 'vitest'
import type { Principal } from '../../src/ir/principal.ts'
import { GatewayError } from '../../src/ir/errors.ts'
import { openEngine, readAll, type Asked, type TestEngine } from './open-engine.ts'

const caps = [
  { kind: 'key', id: 'gk_test', scope: 'daily', limitNanoUsd: 1e12 },
  { kind: 'team', id: 'eng', scope: 'budget', limitNanoUsd: 2e12 },
] as const
const capped: Partial<Principal> = { caps }

/** Haiku 4.5 costs 1 USD a million of input and 5 of output: 1,000 and 5,000 nano-USD a token. */
const output = 5000

async function reserved(engine: TestEngine, asked: Asked): Promise<number> {
  const answer = await engine.ask({ principal: capped, stream: false, ...asked }).answer
  await readAll(answer.chunks)
  const opened = engine.traces.opened.at(-1)
  return (opened?.reservation?.nanoUsd ?? 0) - (opened?.estimatedInputTokens ?? 0) * 1000
}

describe('what a turn reserves', () => {
  it.each([
    ['all the output it may have', 'anthropic', { max_tokens: 100 }, 100],
    ['8,192 tokens when it sets no limit', 'openai', { max_tokens: undefined }, 8192],
    ['8,192 tokens for a limit that is none', 'openai', { max_tokens: -5 }, 8192],
    ['8,192 tokens for a limit beyond all models', 'openai', { max_tokens: 1e300 }, 8192],
  ] as const)('%s', async (_, shape, body, tokens) => {
    const engine = await openEngine()
    expect(await reserved(engine, { shape, body })).toBe(tokens * output)
  })

  it('is for every answer it asks for at once', async () => {
    const engine = await openEngine()
    const asked = { principal: capped, shape: 'openai', stream: false, model: 'openai:gpt-4o-mini' } as const
    const answers = [1, 3].map((n) => engine.ask({ ...asked, body: { max_tokens: 100, n } }).answer)
    for (const answer of await Promise.all(answers)) await readAll(answer.chunks)
    const [one = 0, three = 0] = engine.traces.opened.map((turn) => turn.reservation?.nanoUsd)
    // 0.60 USD a million tokens.
    expect(three - one).toBe(200 * 600)
  })

  it('is taken of every cap, in an order that is the same for all turns', async () => {
    const engine = await openEngine()
    await reserved(engine, {})
    const [opened] = engine.traces.opened
    const day = Date.UTC(2026, 10, 23) * 1000
    expect(opened?.reservation?.quotas).toEqual([
      { ...caps[0], periodUs: day },
      { ...caps[1], periodUs: 0 },
    ])
    expect(engine.traces.closed[0]?.reservation).toEqual(opened?.reservation)
    expect(engine.settled).toEqual([opened?.reservation])
  })

  it('is nothing for a key without caps: no price is asked for', async () => {
    const loadPrices = () => Promise.reject(new Error('nobody should ask'))
    const engine = await openEngine({ loadPrices })
    const answer = await engine.ask({ stream: false }).answer
    expect(engine.traces.opened[0]?.reservation).toBeUndefined()
    await readAll(answer.chunks)
    expect(engine.settled).toEqual([])
  })
})

describe('a turn that a cap refuses', () => {
  it('never goes upstream, is on record as refused, and says which cap, how much and until when', async () => {
    const engine = await openEngine()
    const [quota] = [{ ...caps[0], periodUs: Date.UTC(2026, 10, 23) * 1000 }]
    engine.traces.exceed({ quota, spentNanoUsd: 999e9, reservedNanoUsd: 5e8 })
    const asking = engine.ask({ principal: capped })
    const error: unknown = await asking.answer.catch((thrown: unknown) => thrown)
    if (!(error instanceof GatewayError)) throw new Error('no refusal')
    expect(error.code).toBe('quota_exceeded')
    expect(error.details).toMatchObject({
      retryAfterMs: 12 * 3_600_000,
      fields: {
        identity: 'key:gk_test',
        scope: 'daily',
        limit_usd: 1000,
        current_usd: 999,
        reserved_usd: 0.5,
        resets_at: '2026-11-24T00:00:00.000Z',
      },
    })
    expect(engine.upstream.requests).toEqual([])
    expect(engine.traces.refused.map(([route, turn]) => [route.payload.winner_index, turn.payload.status])).toEqual([
      [-1, 'refused'],
    ])
    expect(engine.traces.appended.map(({ type, payload }) => [type, payload])).toEqual([
      ['gateway.quota_exceeded', expect.objectContaining({ identity: 'key:gk_test', turn_id: asking.turnId })],
    ])
  })
})
