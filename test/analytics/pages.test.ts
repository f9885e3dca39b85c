// Pages of turns and sessions, put together, are what a reader gets who sorts all rows: each once, the newest first, whatever
// is filtered for, on busy days and quiet ones, summed or not.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { settle } from '../../src/analytics/settle.ts'
import { createIdFactory } from '../../src/lib/ids.ts'
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
/** The clock stands at noon of the 23rd. */
const startUs = Date.UTC(2026, 10, 21) * 1000
const statuses = ['ok', 'failed', 'cancelled', 'interrupted'] as const

const call = fc.record({
  timestamp_us: fc
    .tuple(fc.integer({ min: 0, max: 59 }), fc.constantFrom(0, 1, hourUs - 1))
    .map(([hour, offset]) => startUs + hour * hourUs + offset),
  session_id: fc.constantFrom('s1', 's2', 's3', 's4'),
  user_id: fc.constantFrom('ada', 'bob'),
  model: fc.constantFrom('anthropic:a', 'anthropic:b'),
  status: fc.constantFrom(...statuses),
})

/** Parameter, column, value. */
type Filter = readonly [name: string, column: 'user_id' | 'model' | 'session_id', value: string]

interface Asked {
  readonly status: (typeof statuses)[number] | null
  readonly filters: readonly Filter[]
}

const ofUser = (user: string): Filter => ['user', 'user_id', user]
const asked: fc.Arbitrary<Asked> = fc.record({
  status: fc.option(fc.constantFrom(...statuses)),
  filters: fc.constantFrom<readonly Filter[]>(
    [],
    [ofUser('ada')],
    [ofUser('bob'), ['model', 'model', 'anthropic:a']],
    [['session', 'session_id', 's2']],
    [ofUser('nobody')],
  ),
})

const page = z.object({ data: z.array(z.looseObject({})), next_cursor: z.string().nullable() })

async function pagesOf(path: string, key: string): Promise<readonly unknown[]> {
  const found: unknown[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const { status, body } = await serve.get(`${path}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`)
    expect(status, JSON.stringify(body)).toBe(200)
    const { data, next_cursor: next } = page.parse(body)
    found.push(...data.map((row) => row[key]))
    cursor = next
  }
  return found
}

async function refill(rows: readonly CallsTable[]): Promise<void> {
  for (const table of ['calls', 'usage_hourly', 'settled_spans', 'settled_usage', 'settled_facts'] as const)
    await serve.storage.db.deleteFrom(table).execute()
  await insertCalls(serve.storage, rows)
}

const newestFirst = (a: CallsTable, b: CallsTable): number => b.timestamp_us - a.timestamp_us || (a.turn_id < b.turn_id ? 1 : -1)

async function expectPages(rows: readonly CallsTable[], { status, filters }: Asked, limit: number): Promise<void> {
  const scope = filters.map(([name, , value]) => `${name}=${value}`)
  const meant = rows.filter((row) => filters.every(([, column, value]) => row[column] === value)).toSorted(newestFirst)
  const query = ['window=7d', `limit=${limit}`, ...scope].join('&')
  expect(await pagesOf(`/analytics/turns?${query}${status === null ? '' : `&status=${status}`}`, 'turn_id')).toEqual(
    meant.filter((row) => status === null || row.status === status).map((row) => row.turn_id),
  )
  const sessions = [...new Set(meant.map((row) => row.session_id))]
  const last = (id: string) => meant.find((row) => row.session_id === id)?.timestamp_us ?? 0
  const expected = sessions.toSorted((a, b) => last(b) - last(a) || (a < b ? 1 : -1))
  expect(await pagesOf(`/analytics/sessions?${query}`, 'session_id')).toEqual(expected)
}

const settleAll = () =>
  settle({ storage: serve.storage, clock: serve.clock, newId: createIdFactory(() => serve.clock.nowUs() / 1000) })

describe('pages', () => {
  it('show every call and every session once, the newest first', async () => {
    const rows = fc.array(call, { maxLength: 15 }).map((calls) => calls.map((row, index) => callRow(`turn-${index}`, row)))
    await fc.assert(
      fc.asyncProperty(rows, asked, fc.boolean(), async (all, question, summed) => {
        await refill(all)
        if (summed) await settleAll()
        await expectPages(all, question, 3)
      }),
      // Each statement is a round trip on a server.
      { numRuns: onFile ? 8 : 2, endOnFailure: true },
    )
  })

  it('do so on a day with more calls of one user than are looked for by session', async () => {
    const row = (index: number) =>
      callRow(`turn-${index}`, {
        timestamp_us: startUs + Math.floor(index / 330) * hourUs + index,
        session_id: `s${index % 9}`,
        user_id: index % 40 === 0 ? 'bob' : 'ada',
      })
    const rows = Array.from({ length: 660 }, (_, index) => row(index))
    await refill(rows)
    for (const user of ['ada', 'bob']) await expectPages(rows, { status: null, filters: [ofUser(user)] }, 100)
    await settleAll()
    for (const user of ['ada', 'bob']) await expectPages(rows, { status: null, filters: [ofUser(user)] }, 100)
  })
})
