// The golden property: whatever the rows, the window and the filters, every way of splitting a window's money adds up to the
// same nano-dollar, and to what a reader with a pocket calculator gets from the rows themselves.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { isoOf } from '../../src/analytics/window.ts'
import type { CallsTable } from '../../src/store/schema.ts'
import { onFile } from '../support/test-database.ts'
import { callRow, insertCalls } from './support/call-rows.ts'
import { openServe, type OpenServe } from './support/open-serve.ts'

let serve: OpenServe
beforeAll(async () => {
  serve = await openServe()
})
afterAll(() => serve.close())

const hourUs = 3_600_000_000
/** So that midnight falls among them. */
const startUs = Date.UTC(2026, 10, 20, 21) * 1000

/** Some on the hour, some just beside it: where the rollup's part of a window ends and the calls' begins. */
const timeUs = fc
  .tuple(fc.integer({ min: 0, max: 6 }), fc.constantFrom(0, 1, hourUs / 2, hourUs - 1))
  .map(([hour, offset]) => startUs + hour * hourUs + offset)

const oneOf = (...values: readonly (string | null)[]) => fc.constantFrom(...values)
const tokens = fc.nat({ max: 200_000 })

const call = fc.record({
  timestamp_us: timeUs,
  session_id: fc.constantFrom('s1', 's2'),
  gateway_key_id: oneOf('gk_1', 'gk_2', null),
  user_id: oneOf('ada', 'bob', null),
  team_id: oneOf('eng', 'sales', null),
  project: oneOf('gateway', `O'Brien"; drop table calls; --`, '<script>alert(1)</script>', '\u202Eevil', null),
  branch: oneOf('main', 'feat/%_\\', null),
  client: oneOf('cursor', null),
  inbound_shape: oneOf('anthropic', 'openai', null),
  provider: fc.constantFrom('anthropic', 'openai'),
  model: fc.constantFrom('anthropic:a', 'openai:b'),
  tags_json: fc.constantFrom('{}', '{"env":"prod"}', '{"env":"dev","__proto__":"x"}', '{"o\'k":"1"}'),
  cost_nano_usd: fc.oneof(fc.nat({ max: 2_000_000_000 }), fc.constant(null)),
  cost_basis: fc.constantFrom('metered', 'partial_estimate', 'subscription'),
  list_nano_usd: fc.oneof(fc.nat({ max: 2_000_000_000 }), fc.constant(null)),
  latency_ms: fc.double({ min: 0, max: 90_000, noNaN: true }),
  input_tokens: tokens,
  output_tokens: tokens,
  cached_input_tokens: tokens,
  cache_creation_input_tokens: tokens,
})

const filter = fc.constantFrom<readonly [parameter: string, column: keyof CallsTable, value: string]>(
  ['gateway_key', 'gateway_key_id', 'gk_1'],
  ['user', 'user_id', 'ada'],
  ['team', 'team_id', 'sales'],
  ['model', 'model', 'openai:b'],
  ['provider', 'provider', 'anthropic'],
  ['project', 'project', 'gateway'],
  ['client', 'client', 'cursor'],
  ['session', 'session_id', 's2'],
)

const totals = z.looseObject({
  cost_usd: z.number().nullable(),
  measured_cost_usd: z.number(),
  input_tokens: z.int(),
  output_tokens: z.int(),
  cached_input_tokens: z.int(),
  cache_creation_input_tokens: z.int(),
  avg_latency_ms: z.number().nullable(),
  call_count: z.int(),
  unpriced_calls: z.int(),
  subscription_calls: z.int(),
  subscription_list_usd: z.number(),
})
type Totals = z.infer<typeof totals>

const tagsOf = (row: CallsTable): Record<string, string> => JSON.parse(row.tags_json)

const groupings: readonly (readonly [groupBy: string, column: string, keyOf: (row: CallsTable) => string | null])[] = [
  ['model', 'model', (row) => row.model],
  ['provider', 'provider', (row) => row.provider],
  ['session', 'session_id', (row) => row.session_id],
  ['day', 'day', (row) => isoOf(row.timestamp_us).slice(0, 10)],
  ['hour', 'hour', (row) => isoOf(Math.floor(row.timestamp_us / hourUs) * hourUs)],
  ['gateway_key', 'gateway_key_id', (row) => row.gateway_key_id],
  ['user', 'user_id', (row) => row.user_id],
  ['team', 'team_id', (row) => row.team_id],
  ['project', 'project', (row) => row.project],
  ['branch', 'branch', (row) => row.branch],
  ['client', 'client', (row) => row.client],
  ['tag:env', 'tag', (row) => tagsOf(row).env ?? null],
  ['tag:__proto__', 'tag', (row) => (Object.hasOwn(tagsOf(row), '__proto__') ? 'x' : null)],
]

function naive(rows: readonly CallsTable[]): Totals {
  const sum = (of: (row: CallsTable) => number) => rows.reduce((total, row) => total + of(row), 0)
  const unpriced = sum((row) => (row.cost_nano_usd === null ? 1 : 0))
  return {
    cost_usd: rows.length > 0 && unpriced === rows.length ? null : sum((row) => row.cost_nano_usd ?? 0) / 1e9,
    measured_cost_usd: sum((row) => (row.cost_basis === 'metered' ? (row.cost_nano_usd ?? 0) : 0)) / 1e9,
    input_tokens: sum((row) => row.input_tokens),
    output_tokens: sum((row) => row.output_tokens),
    cached_input_tokens: sum((row) => row.cached_input_tokens),
    cache_creation_input_tokens: sum((row) => row.cache_creation_input_tokens),
    avg_latency_ms: rows.length === 0 ? null : Math.round((sum((row) => Math.round(row.latency_ms)) / rows.length) * 10) / 10,
    call_count: rows.length,
    unpriced_calls: unpriced,
    subscription_calls: sum((row) => (row.cost_basis === 'subscription' ? 1 : 0)),
    subscription_list_usd: sum((row) => row.list_nano_usd ?? 0) / 1e9,
  }
}

function naiveGroups(rows: readonly CallsTable[], keyOf: (row: CallsTable) => string | null): Map<string | null, Totals> {
  const keys = new Set(rows.map(keyOf))
  return new Map([...keys].map((key) => [key, naive(rows.filter((row) => keyOf(row) === key))]))
}

const nanoOf = (row: Totals): number => Math.round((row.cost_usd ?? 0) * 1e9)

async function dataOf<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const { status, body } = await serve.get(path)
  expect(status, JSON.stringify(body)).toBe(200)
  return z.object({ data: schema }).parse(body).data
}

async function refill(rows: readonly CallsTable[]): Promise<void> {
  await serve.storage.db.deleteFrom('calls').execute()
  await serve.storage.db.deleteFrom('usage_hourly').execute()
  await insertCalls(serve.storage, rows)
}

const question = fc.record({
  rows: fc.array(call, { maxLength: 30 }).map((calls) => calls.map((row, index) => callRow(`turn-${index}`, row))),
  edges: fc.tuple(timeUs, timeUs).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
  filter: fc.option(filter),
})

/** Every other answer that says what the window cost, as whole nano-dollars. */
const tellings: readonly (readonly [path: string, nanoUsdIn: (body: unknown) => number])[] = [
  ...['day&stack_by=model', 'hour&stack_by=user', 'day&stack_by=branch', 'session&limit=1', 'user&limit=2'].map(
    (split) => [`/analytics/cost?group_by=${split}&`, nanoOfSplit] as const,
  ),
  ['/analytics/cache_effectiveness?', nanoOfSplit],
  ['/analytics/sessions?limit=500&', nanoOfSplit],
  ['/analytics/turns?limit=500&', nanoOfSplit],
  [
    '/analytics/savings?baseline=openai:gpt-4o-mini&',
    (body) => Math.round(z.object({ data: z.object({ stamped_usd: z.number() }) }).parse(body).data.stamped_usd * 1e9),
  ],
]

const splitAnswer = z.object({
  data: z.array(z.object({ cost_usd: z.number().nullable() })),
  omitted: z.object({ totals: z.object({ cost_usd: z.number().nullable() }) }).optional(),
})

function nanoOfSplit(body: unknown): number {
  const { data, omitted } = splitAnswer.parse(body)
  const rows = omitted === undefined ? data : [...data, omitted.totals]
  return rows.reduce((sum, row) => sum + Math.round((row.cost_usd ?? 0) * 1e9), 0)
}

describe('the money of a window', () => {
  it('adds up the same by every grouping, with every filter, and equals the sum over the rows', async () => {
    await fc.assert(
      fc.asyncProperty(question, async ({ rows, edges: [fromUs, toUs], filter }) => {
        await refill(rows)
        const meant = rows.filter(
          (row) => row.timestamp_us >= fromUs && row.timestamp_us < toUs && (filter === null || row[filter[1]] === filter[2]),
        )
        const scope = `from=${isoOf(fromUs)}&to=${isoOf(toUs)}${filter === null ? '' : `&${filter[0]}=${filter[2]}`}`
        const whole = await dataOf(`/analytics/cost?group_by=none&${scope}`, totals)
        expect(whole).toEqual(naive(meant))
        for (const [groupBy, column, keyOf] of groupings) {
          const groups = await dataOf(`/analytics/cost?group_by=${groupBy}&${scope}`, z.array(totals))
          const seen = new Map(groups.map(({ [column]: key, ...rest }) => [key, rest]))
          expect(seen, groupBy).toEqual(naiveGroups(meant, keyOf))
          expect(groups.reduce((sum, row) => sum + nanoOf(row), 0)).toBe(nanoOf(whole))
        }
        for (const [path, nanoUsdIn] of tellings) {
          const { status, body } = await serve.get(path + scope)
          expect(status, JSON.stringify(body)).toBe(200)
          expect(nanoUsdIn(body), path).toBe(nanoOf(whole))
        }
      }),
      { numRuns: onFile ? 40 : 10 },
    )
  })

  it('is the same by key, team and user, and inside each of them', async () => {
    const nested = totals.extend({
      by_inbound_shape: z.array(totals).optional(),
      by_user: z.array(totals).optional(),
      by_key: z.array(totals).optional(),
    })
    await fc.assert(
      fc.asyncProperty(question, async ({ rows, edges: [fromUs, toUs] }) => {
        await refill(rows)
        const scope = `from=${isoOf(fromUs)}&to=${isoOf(toUs)}`
        const whole = await dataOf(`/analytics/cost?group_by=none&${scope}`, totals)
        for (const path of ['by_key', 'by_team', 'by_user']) {
          const groups = await dataOf(`/analytics/${path}?${scope}`, z.array(nested))
          expect(groups.reduce((sum, row) => sum + nanoOf(row), 0)).toBe(nanoOf(whole))
          for (const group of groups) {
            const parts = group.by_inbound_shape ?? group.by_user ?? group.by_key ?? []
            expect(parts.reduce((sum, row) => sum + nanoOf(row), 0)).toBe(nanoOf(group))
            expect(parts.reduce((sum, row) => sum + row.call_count, 0)).toBe(group.call_count)
          }
        }
      }),
      { numRuns: onFile ? 25 : 10 },
    )
  })
})
