// The promise everything else serves (reliability.md §1, contract.md §5): whatever mix of turns runs at once, each leaves its
// rows, and received = ok + failed + cancelled + interrupted + refused; calls, hourly sums and events tell the same money.
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../support/deadline.ts'
import { startTestGateway, type TestEvent, type TestGateway } from '../support/gateway.ts'
import { numberOf, type JsonObject } from '../support/json.ts'
import { doorCases, goodBody, type DoorCase } from './refusals.ts'

let gateway: TestGateway
let narrow: string
/** Under caps that nothing here reaches. */
let capped: { keyId: string; token: string }

beforeAll(async () => {
  gateway = await startTestGateway({ config: { limits: { max_retries: 0 } } })
  capped = await gateway.issue({ userId: 'ada', dailyCapNanoUsd: 1e15, budgetNanoUsd: 1e15, allowUnpriced: true })
  narrow = (await gateway.issue({ name: 'narrow', allowedModels: ['anthropic:none'] })).token
})
afterAll(() => gateway.stop())

/** What is asked, and what the turn must end as; null = it is no turn at all. */
const kinds = {
  ok: 'ok',
  drip: 'ok',
  status: 'failed',
  broken: 'failed',
  html: 'failed',
  leave: 'cancelled',
  leaveEarly: 'cancelled',
  forbidden: 'refused',
  unknown: 'refused',
  badToken: null,
  badBody: null,
} as const
type Kind = keyof typeof kinds

interface Ask {
  readonly kind: Kind
  readonly door: DoorCase
  readonly across: boolean
  readonly stream: boolean
  readonly underCaps: boolean
}

const ask = fc.record({
  kind: fc.constantFrom(...(Object.keys(kinds) as Kind[])),
  door: fc.constantFrom(...doorCases),
  across: fc.boolean(),
  stream: fc.boolean(),
  underCaps: fc.boolean(),
})

/** The mock misbehaves by the model's name. */
function modelOf({ kind, door, across }: Ask): string {
  const provider = (door.door === 'anthropic') === across ? 'openai' : 'anthropic'
  switch (kind) {
    case 'drip':
      return `${provider}:up-drip`
    case 'status':
      return `${provider}:up-500`
    case 'broken':
      return `${provider}:up-reset-mid`
    case 'html':
      return `${provider}:up-html`
    case 'leave':
      return `${provider}:up-slow`
    case 'leaveEarly':
      return `${provider}:up-stall-first`
    case 'unknown':
      return 'nobody:model'
    default:
      return across ? door.foreign : door.native
  }
}

/** Until the turn is over for its client. */
async function run(asked: Ask): Promise<void> {
  const { kind, door } = asked
  // Only a stream can be left in its middle; only a stream can break in it.
  const stream = asked.stream || kind === 'leave' || kind === 'broken'
  const body = kind === 'badBody' ? '{"model":' : goodBody(modelOf(asked), { stream })
  const token =
    kind === 'badToken' ? 'gw_nonsense' : kind === 'forbidden' ? narrow : asked.underCaps ? capped.token : gateway.token
  const abort = new AbortController()
  // Long after the request is upstream, long before its answer would begin.
  if (kind === 'leaveEarly') setTimeout(() => abort.abort(), 150)
  try {
    const response = await gateway.post(door.path, body, { token, signal: abort.signal })
    const reader = response.body?.getReader()
    if (kind === 'leave') {
      await reader?.read()
      abort.abort()
      return
    }
    for (let over = reader === undefined; !over;) over = (await reader?.read())?.done ?? true
  } catch (error) {
    if (!abort.signal.aborted) throw error
  }
}

const countOf = <T>(items: readonly T[], is: (item: T) => boolean) => items.filter(is).length

it('holds for any mix of turns at once', { timeout: 60_000 }, () =>
  fc.assert(
    fc.asyncProperty(fc.array(ask, { minLength: 1, maxLength: 40 }), async (asks) => {
      const before = await turns()
      await Promise.all(asks.map(run))
      const expected = countOf(asks, ({ kind }) => kinds[kind] !== null)
      const after = await eventually(15_000, 'the end of every turn', async () => {
        const now = await turns()
        return now.length - before.length === expected && now.every((turn) => turn.some(isEnd)) && now
      })
      for (const turn of after) expectWhole(turn)
      for (const status of ['ok', 'failed', 'cancelled', 'interrupted', 'refused']) {
        const ended = (all: readonly (readonly TestEvent[])[]) =>
          countOf(all, (turn) => turn.at(-1)?.payload['status'] === status)
        expect(ended(after) - ended(before), status).toBe(countOf(asks, ({ kind }) => kinds[kind] === status))
      }
      await expectSameSums(after.flat())
    }),
    { numRuns: 12, endOnFailure: true },
  ),
)

/** Events of each turn, in order. */
async function turns(): Promise<readonly (readonly TestEvent[])[]> {
  const byTurn = new Map<string, TestEvent[]>()
  for (const event of await gateway.events()) {
    if (event.type !== 'route.decided' && !event.type.startsWith('llm.') && !event.type.startsWith('turn.')) continue
    const turn = byTurn.get(event.turnId)
    if (turn === undefined) byTurn.set(event.turnId, [event])
    else turn.push(event)
  }
  return [...byTurn.values()]
}

const isEnd = ({ type }: TestEvent) => type === 'turn.completed'

/** One route, one call unless refused, one end, in the order of their ids; the end's totals are the call's. */
function expectWhole(turn: readonly TestEvent[]): void {
  const end = turn.at(-1)?.payload ?? {}
  const call = turn.find(({ type }) => type.startsWith('llm.call_'))
  const types = turn.map(({ type }) => type.replace(/^llm\.call_.*/, 'call'))
  expect(types).toEqual(
    end['status'] === 'refused' ? ['route.decided', 'turn.completed'] : ['route.decided', 'call', 'turn.completed'],
  )
  expect(end['llm_call_count']).toBe(call === undefined ? 0 : 1)
  expect(end['total_cost_usd'] ?? null).toBe(call?.type === 'llm.call_completed' ? (call.payload['cost_usd'] ?? null) : 0)
}

const columns = [
  'input_tokens',
  'output_tokens',
  'cached_input_tokens',
  'cache_creation_input_tokens',
  'reasoning_tokens',
] as const

async function expectSameSums(events: readonly TestEvent[]): Promise<void> {
  const { db } = gateway.context.storage
  const sums = columns.map((column) => sql<number>`coalesce(sum(${sql.ref(column)}), 0)`.as(column))
  const cost = sql<number>`coalesce(sum(cost_nano_usd), 0)`.as('cost')
  const calls = await db
    .selectFrom('calls')
    .select([...sums, cost, sql<number>`count(*)`.as('count')])
    .executeTakeFirstOrThrow()
  const hours = await db
    .selectFrom('usage_hourly')
    .select([...sums, cost, sql<number>`coalesce(sum(call_count), 0)`.as('count')])
    .executeTakeFirstOrThrow()
  expect(hours).toEqual(calls)
  const payloads = events.filter(({ type }) => type.startsWith('llm.call_')).map(({ payload }) => payload)
  expect(calls['count']).toBe(payloads.length)
  for (const column of columns) expect(Number(calls[column]), column).toBe(sumOf(payloads, column, 1))
  expect(Number(calls.cost)).toBe(sumOf(payloads, 'cost_usd', 1_000_000_000))
  const ofCapped = await db.selectFrom('calls').select('cost_nano_usd').where('gateway_key_id', '=', capped.keyId).execute()
  const spent = ofCapped.reduce((sum, call) => sum + (call.cost_nano_usd ?? 0), 0)
  for (const quota of await db.selectFrom('quotas').selectAll().execute())
    expect([quota.spent_nano_usd, quota.reserved_nano_usd], quota.scope).toEqual([spent, 0])
  const open = await db.selectFrom('inflight').selectAll().execute()
  expect(open).toEqual([])
}

/** Whole units of `1 / scale`, each rounded by itself: money is exact. */
function sumOf(payloads: readonly JsonObject[], field: string, scale: number): number {
  return payloads.reduce((sum, payload) => sum + Math.round((numberOf(payload[field]) ?? 0) * scale), 0)
}
