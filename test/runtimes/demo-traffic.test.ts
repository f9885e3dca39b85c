import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openNode, type NodeContext } from '../../runtimes/node/context.ts'
import { planTraffic, sampleKeyNames } from '../../runtimes/node/demo-traffic-plan.ts'
import { writeSampleTraffic, type SampleTraffic } from '../../runtimes/node/demo-traffic.ts'
import { eventPayloads } from '../../src/store/events.ts'

const mondayMs = Date.parse('2026-11-23T16:00:00Z')

describe('planned days', () => {
  it('are the same for the same seed and moment, and another for another seed', () => {
    expect(planTraffic(mondayMs, 1)).toEqual(planTraffic(mondayMs, 1))
    expect(planTraffic(mondayMs, 2)).not.toEqual(planTraffic(mondayMs, 1))
  })

  it.each(['2026-11-23T00:10:00Z', '2026-11-22T12:00:00Z', '2026-11-27T23:00:00Z'])(
    'are some hundred turns of the last thirty days, none after now: %s',
    (iso) => {
      const endMs = Date.parse(iso)
      const turns = planTraffic(endMs, 20_261_123)
      expect(turns.length).toBeGreaterThan(500)
      expect(turns.length).toBeLessThan(1500)
      for (const { startMs, latencyMs } of turns) {
        expect(startMs).toBeGreaterThan(endMs - 30 * 86_400_000)
        expect(startMs + latencyMs).toBeLessThan(endMs)
      }
    },
  )

  it('have people, teams, tools and every kind of end in them', () => {
    const turns = planTraffic(mondayMs, 20_261_123)
    const all = <Key extends keyof (typeof turns)[number]>(field: Key) => new Set(turns.map((turn) => turn[field]))
    expect(all('outcome')).toEqual(new Set(['ok', 'failed', 'cancelled', 'refused']))
    expect(all('key')).toEqual(new Set([...sampleKeyNames, null]))
    expect(all('shape')).toEqual(new Set(['anthropic', 'openai', 'openai-responses', null]))
    expect(all('provider')).toEqual(new Set(['anthropic', 'openai', 'moonshot', 'local']))
    expect(turns.some(({ usage }) => usage.cacheRead > 10_000)).toBe(true)
  })
})

describe('written days', () => {
  const home = mkdtempSync(join(tmpdir(), 'metis-demo-'))
  let context: NodeContext
  let sample: SampleTraffic
  beforeAll(async () => {
    context = await openNode({ home, env: {}, demo: 'only', logLevel: 'error' })
    sample = await writeSampleTraffic(context)
  })
  afterAll(async () => {
    await context.close()
    rmSync(home, { recursive: true, force: true })
  })

  it('have every turn on record, and none left open', async () => {
    const ends = await context.storage.db.selectFrom('events').select('turn_id').where('type', '=', 'turn.completed').execute()
    expect(ends.length).toBe(sample.turns)
    expect(new Set(ends.map((row) => row.turn_id)).size).toBe(sample.turns)
    expect(await context.storage.db.selectFrom('inflight').select('turn_id').execute()).toEqual([])
    expect(sample).toMatchObject({ users: 6, teams: 3, keys: 7 })
  })

  it('have events that their schemas take, with ids that rise in a turn', async () => {
    const rows = await context.storage.db
      .selectFrom('events')
      .select(['id', 'turn_id', 'type', 'payload_json'])
      .orderBy('id')
      .execute()
    const order = new Map<string, string[]>()
    for (const { turn_id: turn, type, payload_json: payload } of rows) {
      if (type === 'route.decided' || type === 'llm.call_completed' || type === 'llm.call_failed' || type === 'turn.completed') {
        eventPayloads[type].parse(JSON.parse(payload))
        order.set(turn, [...(order.get(turn) ?? []), type])
      }
    }
    const seen = new Set([...order.values()].map((types) => types.join(' ')))
    expect(seen).toEqual(
      new Set([
        'route.decided llm.call_completed turn.completed',
        'route.decided llm.call_failed turn.completed',
        'route.decided turn.completed',
      ]),
    )
  })

  it('are turned away by a cap after a model was chosen, not for want of one', async () => {
    const rows = await context.storage.db
      .selectFrom('events')
      .select('payload_json')
      .where('type', '=', 'route.decided')
      .execute()
    const routes = rows.map((row) => eventPayloads['route.decided'].parse(JSON.parse(row.payload_json)))
    const refused = routes.filter(({ winner_index: winner }) => winner < 0)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.every(({ chain }) => chain.some(({ verdict }) => verdict === 'chose'))).toBe(true)
  })

  it('cost what the price list says, except what has no price', async () => {
    const calls = await context.storage.db.selectFrom('calls').select(['provider', 'status', 'cost_nano_usd']).execute()
    const unpriced = calls.filter((call) => call.cost_nano_usd === null)
    expect(new Set(unpriced.map(({ provider }) => provider))).toEqual(new Set(['local']))
    const total = calls.reduce((sum, call) => sum + (call.cost_nano_usd ?? 0), 0)
    expect(total / 1e9).toBeGreaterThan(1)
    expect(total / 1e9).toBeLessThan(200)
  })
})
