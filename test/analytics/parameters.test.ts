// What a query may say: everything else is refused by the name of the parameter, so that a typo never shows wrong money.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endpoints } from '../../src/analytics/index.ts'
import { objectOf } from '../support/json.ts'
import { openServe, type OpenServe } from './support/open-serve.ts'

let serve: OpenServe
beforeAll(async () => {
  serve = await openServe()
})
afterAll(() => serve.close())

const refused: readonly (readonly [query: string, code: string])[] = [
  ['window=1h', 'invalid_window'],
  ['window=', 'invalid_window'],
  ['window=7d&window=30d', 'invalid_window'],
  ['window=7d&from=2026-11-01', 'invalid_window'],
  ['window=constructor', 'invalid_window'],
  ['from=yesterday', 'invalid_from'],
  ['from=2026-02-30', 'invalid_from'],
  ['from=2026-11-01T25:00Z', 'invalid_from'],
  ['from=2026-11-01T00:00:00%2B02:00', 'invalid_from'],
  ['from=1763856000', 'invalid_from'],
  ['from=2026-11-02&to=2026-11-01', 'invalid_from'],
  ['to=9999-01-01', 'invalid_to'],
  ['gateway_key=', 'invalid_gateway_key'],
  ["user=x' or 1=1 --", 'invalid_user'],
  ['team=<script>', 'invalid_team'],
  [`model=${'x'.repeat(201)}`, 'invalid_model'],
  ['provider=a%00b', 'invalid_provider'],
  ['project=%E2%80%AEevil', 'invalid_project'],
  ['client=a b', 'invalid_client'],
  ['session=%', 'invalid_session'],
  ['session=a&session=b', 'invalid_session'],
  ['usr=ada', 'invalid_usr'],
  ['Model=x', 'invalid_parameter'],
  ['__proto__=x', 'invalid_parameter'],
  ['<img>=1', 'invalid_parameter'],
]

const refusedByCost: readonly (readonly [query: string, code: string])[] = [
  ['group_by=', 'invalid_group_by'],
  ['group_by=models', 'invalid_group_by'],
  ['group_by=constructor', 'invalid_group_by'],
  ['group_by=cost_nano_usd; drop table calls', 'invalid_group_by'],
  ['group_by=tag', 'invalid_group_by'],
  ['group_by=tag:', 'invalid_group_by'],
  [`group_by=tag:a'b`, 'invalid_group_by'],
  ['group_by=model&group_by=user', 'invalid_group_by'],
  ['group_by=model&stack_by=user', 'invalid_stack_by'],
  ['stack_by=model', 'invalid_stack_by'],
  ['group_by=day&stack_by=session', 'invalid_stack_by'],
  ['group_by=day&stack_by=hour', 'invalid_stack_by'],
  ['limit=0', 'invalid_limit'],
  ['limit=10001', 'invalid_limit'],
  ['limit=1e3', 'invalid_limit'],
  ['group_by=day&limit=3', 'invalid_limit'],
  ['group_by=none&limit=3', 'invalid_limit'],
  ['compare=before', 'invalid_compare'],
  ['window=all&compare=previous', 'invalid_compare'],
]

async function codeOf(path: string): Promise<unknown> {
  const { status, body, headers } = await serve.get(path)
  const error = objectOf(objectOf(body).error)
  expect(status, JSON.stringify(body)).toBe(400)
  expect(headers.get('content-type')).toBe('application/json')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(error.message).toEqual(expect.any(String))
  return error.code
}

const ofWindows = endpoints.filter(({ query }) => 'window' in query.shape).map(({ path }) => path)

describe.each(ofWindows)('%s', (path) => {
  it.each(refused)('refuses %s with %s', async (query, code) => {
    expect(await codeOf(`${path}?${query}`)).toBe(code)
  })
})

it.each(refusedByCost)('/analytics/cost refuses %s with %s', async (query, code) => {
  expect(await codeOf(`/analytics/cost?${query}`)).toBe(code)
})

const refusedByOthers: readonly (readonly [query: string, code: string])[] = [
  ['/analytics/savings', 'invalid_baseline'],
  ['/analytics/savings?baseline=haiku', 'invalid_baseline'],
  ['/analytics/savings?baseline=nobody:nothing', 'invalid_baseline'],
  ['/analytics/what_if?on=nobody:nothing', 'invalid_on'],
  ['/analytics/turns?limit=501', 'invalid_limit'],
  ['/analytics/turns?limit=-1', 'invalid_limit'],
  ['/analytics/turns?status=refused', 'invalid_status'],
  ['/analytics/turns?cursor=x', 'invalid_cursor'],
  ['/analytics/sessions?cursor=1.%25E0%25A4%25A', 'invalid_cursor'],
  ['/analytics/sessions?status=ok', 'invalid_status'],
  ['/analytics/inflight?window=24h', 'invalid_window'],
  ['/analytics/inflight?user=', 'invalid_user'],
  ['/analytics/turns/01JDB0000000000000000000AA?window=24h', 'invalid_window'],
]

it.each(refusedByOthers)('refuses %s with %s', async (path, code) => {
  expect(await codeOf(path)).toBe(code)
})

it('takes group_by nowhere but where it means something', async () => {
  expect(await codeOf('/analytics/by_key?group_by=model')).toBe('invalid_group_by')
})

it('gives back at most 60 characters of a name it does not know', async () => {
  const { body } = await serve.get(`/analytics/cost?${'a'.repeat(5000)}=1`)
  expect(String(objectOf(objectOf(body).error).message).length).toBeLessThan(300)
})

const windows: readonly (readonly [query: string, start: string, end: string])[] = [
  ['', '2026-11-16T12:00:00.000Z', '2026-11-23T12:00:00.000Z'],
  ['window=24h', '2026-11-22T12:00:00.000Z', '2026-11-23T12:00:00.000Z'],
  ['window=30d', '2026-10-24T12:00:00.000Z', '2026-11-23T12:00:00.000Z'],
  ['window=90d', '2026-08-25T12:00:00.000Z', '2026-11-23T12:00:00.000Z'],
  ['window=mtd', '2026-11-01T00:00:00.000Z', '2026-11-23T12:00:00.000Z'],
  ['window=all', '1970-01-01T00:00:00.000Z', '2026-11-23T12:00:00.000Z'],
  ['from=2026-11-01', '2026-11-01T00:00:00.000Z', '2026-11-23T12:00:00.000Z'],
  ['to=2026-11-08', '2026-11-01T00:00:00.000Z', '2026-11-08T00:00:00.000Z'],
  ['from=2026-11-01T08:30Z&to=2026-11-01T08:30:15.25Z', '2026-11-01T08:30:00.000Z', '2026-11-01T08:30:15.250Z'],
  ['from=2026-11-01T08:30:00.123456%2B00:00', '2026-11-01T08:30:00.123456Z', '2026-11-23T12:00:00.000Z'],
  ['from=2026-12-01&to=2026-12-02', '2026-12-01T00:00:00.000Z', '2026-12-02T00:00:00.000Z'],
]

it.each(windows)('reads %j as %s to %s and says so', async (query, start, end) => {
  const { status, body } = await serve.get(`/analytics/cost?group_by=none&${query}`.replace(/&$/, ''))
  expect(status).toBe(200)
  expect(body).toMatchObject({
    window: { start, end },
    current_pricing_version: expect.stringContaining('genai-prices'),
    data: { cost_usd: 0, call_count: 0, unpriced_calls: 0, avg_latency_ms: null },
  })
})
