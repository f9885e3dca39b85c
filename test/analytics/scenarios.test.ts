// Savings, scenarios and the cache's misses, on calls few enough to reckon by hand. Haiku 4.5: input $1, output $5, cache read
// $0.10, write $1.25, one-hour write $2 per million; gpt-4o-mini: input $0.15, output $0.60.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CallsTable } from '../../src/store/schema.ts'
import { listOf, objectOf } from '../support/json.ts'
import { callRow, insertCalls } from './support/call-rows.ts'
import { openServe, type OpenServe } from './support/open-serve.ts'

let serve: OpenServe
beforeEach(async () => {
  serve = await openServe()
})
afterEach(() => serve.close())

const noonUs = Date.UTC(2026, 10, 23, 11) * 1000
const minuteUs = 60_000_000

/** Minutes after 11:00, and what the call used; nothing else. */
function call(minute: number, row: Partial<CallsTable>): CallsTable {
  const none = { input_tokens: 0, output_tokens: 0, cached_input_tokens: 0, cache_creation_input_tokens: 0 }
  return callRow(`turn-${minute}`, { timestamp_us: noonUs + minute * minuteUs, session_id: 's', ...none, ...row })
}

async function dataOf(path: string): Promise<unknown> {
  const { status, body } = await serve.get(path)
  expect(status, JSON.stringify(body)).toBe(200)
  return objectOf(body).data
}

describe('/analytics/savings', () => {
  const million = { input_tokens: 1_000_000, output_tokens: 1_000_000, cost_nano_usd: 7e9 }

  it('compares today’s price of what was used with the baseline’s, and counts what has none', async () => {
    await insertCalls(serve.storage, [call(0, million), call(1, { model: 'local:own', provider: 'local', cost_nano_usd: null })])
    expect(await dataOf('/analytics/savings?baseline=openai:gpt-4o-mini')).toEqual({
      baseline: 'openai:gpt-4o-mini',
      stamped_usd: 7,
      repriced_actual_usd: 6,
      repriced_baseline_usd: 0.75,
      savings_usd: -5.25,
      savings_pct: -700,
      rows_priced: 1,
      rows_missing_from_price_table: 1,
    })
  })
})

describe('/analytics/what_if', () => {
  it('reckons another model, batches, an hour’s cache and none, each against the list price of now', async () => {
    await insertCalls(serve.storage, [
      call(0, { cache_creation_input_tokens: 1_000_000 }),
      // Ten minutes later it is gone, and written again.
      call(10, { cache_creation_input_tokens: 1_000_000 }),
    ])
    const { current_usd: current, scenarios } = objectOf(await dataOf('/analytics/what_if?on=openai:gpt-4o-mini'))
    expect(current).toBe(2.5)
    expect(scenarios).toMatchObject([
      { scenario: 'model', cost_usd: 0.3, difference_usd: -2.2 },
      { scenario: 'batch', cost_usd: 1.25, difference_usd: -1.25 },
      // Written once at $2, read once at $0.10.
      { scenario: 'cache_1h', cost_usd: 2.1, difference_usd: -0.4 },
      { scenario: 'no_cache', cost_usd: 2, difference_usd: -0.5 },
    ])
  })

  it('shows no other model when none is named', async () => {
    const { on, scenarios } = objectOf(await dataOf('/analytics/what_if'))
    expect([on, listOf(scenarios).map((row) => objectOf(row).scenario)]).toEqual([null, ['batch', 'cache_1h', 'no_cache']])
  })
})

const opus = { model: 'anthropic:claude-opus-4-8', provider: 'anthropic' }
const write = (tokens: number) => ({ cache_creation_input_tokens: tokens })
const hit = (tokens: number) => ({ cached_input_tokens: tokens })

const histories: readonly (readonly [what: string, calls: readonly CallsTable[], misses: Readonly<Record<string, unknown>>])[] = [
  ['a first write is a cold start', [call(0, write(10_000))], { cold: { calls: 1, tokens: 10_000 } }],
  ['a read of all is no miss', [call(0, write(10_000)), call(1, hit(10_000))], { cold: { calls: 1, tokens: 10_000 } }],
  [
    'written again after five minutes has expired',
    [call(0, write(10_000)), call(6, write(10_000))],
    { cold: { calls: 1 }, expired: { calls: 1, tokens: 10_000, wasted_usd: 0.0115 } },
  ],
  [
    'written again within an hour, when it was kept for one, is another prefix',
    [call(0, { ...write(10_000), cache_creation_1h_tokens: 10_000 }), call(50, write(10_000))],
    { cold: { calls: 1 }, prefix_changed: { calls: 1, tokens: 10_000 } },
  ],
  [
    'uncached at once is another prefix, paid as input',
    [call(0, write(10_000)), call(1, { input_tokens: 4000, cached_input_tokens: 6000 })],
    { cold: { calls: 1 }, prefix_changed: { calls: 1, tokens: 4000, wasted_usd: 0.0036 } },
  ],
  [
    'another model writes anew',
    [call(0, { ...opus, ...write(10_000) }), call(1, write(10_000))],
    { model_switched: { calls: 1, tokens: 10_000, wasted_usd: 0.0115 } },
  ],
  [
    'back on a model whose cache still stands is no miss',
    [call(0, write(10_000)), call(1, { ...opus, ...write(10_000) }), call(2, hit(10_000))],
    { cold: { calls: 1 } },
  ],
  ['fewer tokens than any provider caches are no miss', [call(0, write(1023))], {}],
  ['a call before the window is remembered', [call(-60 * 24, write(10_000)), call(0, write(10_000))], { expired: { calls: 1 } }],
]

describe('/analytics/cache_effectiveness', () => {
  it.each(histories)('%s', async (_what, calls, misses) => {
    await insertCalls(serve.storage, calls)
    const rows = listOf(await dataOf('/analytics/cache_effectiveness?from=2026-11-23T10:00Z')).map(objectOf)
    const haiku = rows.find((row) => row.model === 'anthropic:claude-haiku-4-5') ?? {}
    const none = { calls: 0, tokens: 0, wasted_usd: 0 }
    for (const cause of ['cold', 'expired', 'model_switched', 'prefix_changed']) {
      expect(objectOf(haiku.misses)[cause], cause).toMatchObject(misses[cause] ?? none)
    }
    // The same, whatever else is filtered away.
    expect(
      listOf(await dataOf('/analytics/cache_effectiveness?from=2026-11-23T10:00Z&model=anthropic:claude-haiku-4-5')),
    ).toEqual([haiku])
  })
})

describe('/analytics/cost', () => {
  it('stands beside the same question of the time before', async () => {
    await insertCalls(serve.storage, [
      call(0, { cost_nano_usd: 3e9 }),
      call(-60 * 24, { cost_nano_usd: 2e9 }),
      call(-60 * 48, { cost_nano_usd: 1e9 }),
    ])
    expect((await serve.get('/analytics/cost?group_by=none&window=24h&compare=previous')).body).toMatchObject({
      data: { cost_usd: 3 },
      previous: {
        window: { start: '2026-11-21T12:00:00.000Z', end: '2026-11-22T12:00:00.000Z' },
        data: { cost_usd: 2 },
      },
    })
  })

  it('tells what a limit left out, so that nothing is lost', async () => {
    await insertCalls(
      serve.storage,
      [1, 2, 3].map((n) => call(n, { user_id: `user-${n}`, cost_nano_usd: n * 1e9 })),
    )
    expect((await serve.get('/analytics/cost?group_by=user&limit=1')).body).toMatchObject({
      data: [{ user_id: 'user-3', cost_usd: 3 }],
      omitted: { rows: 2, totals: { cost_usd: 3, call_count: 2 } },
    })
  })

  it('stacks days by model, days in their order, the dearest model first', async () => {
    await insertCalls(serve.storage, [
      call(0, { cost_nano_usd: 1e9 }),
      call(1, { ...opus, cost_nano_usd: 2e9 }),
      call(-60 * 24, { cost_nano_usd: 5e9 }),
    ])
    expect(await dataOf('/analytics/cost?group_by=day&stack_by=model')).toMatchObject([
      { day: '2026-11-22', model: 'anthropic:claude-haiku-4-5', cost_usd: 5 },
      { day: '2026-11-23', model: 'anthropic:claude-opus-4-8', cost_usd: 2 },
      { day: '2026-11-23', model: 'anthropic:claude-haiku-4-5', cost_usd: 1 },
    ])
  })
})
