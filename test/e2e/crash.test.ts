// A gateway that dies without a word (reliability.md §1): what was whole is on record as it was, the rest is closed, once.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startMortalGateway, type MortalGateway } from '../support/under-test.ts'

let gateway: MortalGateway

beforeAll(async () => {
  gateway = await startMortalGateway()
})
afterAll(() => gateway.stop())

it('has each turn closed once by the next: the whole one as it was, the others as INTERRUPTED with what they cost', async () => {
  const whole = await gateway.ask({})
  expect(await whole.text()).toContain('message_stop')
  gateway.provider.script({ fault: 'stall-mid' }, { fault: 'stall-first' })
  const cut = await gateway.ask({ shape: 'openai' })
  const unanswered = expect(gateway.ask({ stream: false })).rejects.toThrow()
  await gateway.provider.received(3)
  await Promise.all([gateway.crash(), expect(cut.text()).rejects.toThrow(), unanswered])

  const events = (await gateway.events()).filter(({ type }) => !/^(gateway|trace)\./.test(type))
  const turns = [...new Set(events.map(({ turnId }) => turnId))].map((id) => events.filter(({ turnId }) => turnId === id))
  expect(turns.map((turn) => turn.map(({ type }) => type))).toEqual(
    Array.from({ length: 3 }, () => ['route.decided', 'llm.call_completed', 'turn.completed']),
  )
  expect(turns.map((turn) => [turn[1]?.payload['error_class'], turn[2]?.payload['status']])).toEqual([
    [null, 'ok'],
    ['INTERRUPTED', 'interrupted'],
    ['INTERRUPTED', 'interrupted'],
  ])
  for (const turn of turns.slice(1)) {
    expect(turn[1]?.payload).toMatchObject({ usage_estimated: true, output_tokens: 0, cost_basis: 'partial_estimate' })
    expect(turn[1]?.payload['cost_usd']).toBeGreaterThan(0)
  }

  // Once is enough: the one after it finds nothing to do.
  const before = await gateway.events()
  await gateway.crash()
  expect(await gateway.events()).toEqual(before)
})
