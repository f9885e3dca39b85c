// A turn's records in their order: the intent before the call, the end before the client sees it, a refusal in between.
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/ir/errors.ts'
import { openEngine, readAll, type Asked, type TestEngine } from './open-engine.ts'

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function refusalOf(engine: TestEngine, asked?: Asked): Promise<unknown> {
  return engine.ask(asked).answer.then(
    () => expect.fail('it was answered'),
    (error: unknown) => error,
  )
}

describe('T1, the intent', () => {
  it('is on record before anything goes upstream', async () => {
    const { traces, upstream, ask } = await openEngine()
    traces.hold('open')
    const { answer } = ask()
    await turnOfTheLoop()
    expect([traces.opened.length, upstream.requests.length]).toEqual([1, 0])
    traces.release('open')
    await answer
    expect(upstream.requests.length).toBe(1)
  })

  it('tells all that a crash would need to close the turn', async () => {
    const { traces, ask } = await openEngine()
    const { turnId, answer } = ask({ model: 'haiku' })
    await answer
    expect(traces.opened[0]).toMatchObject({
      turnId,
      provider: 'anthropic',
      model: 'anthropic:claude-haiku-4-5',
      requestedModel: 'haiku',
      stream: true,
      route: { type: 'route.decided', turnId, payload: { chosen_model: 'anthropic:claude-haiku-4-5', winner_index: 0 } },
    })
    expect(traces.opened[0]?.estimatedInputTokens).toBeGreaterThan(0)
  })

  it('that waits for a store that is away lets a key without caps go on, and refuses one with', async () => {
    const engine = await openEngine()
    engine.traces.away()
    const { turn } = await engine.ask().answer
    expect(turn.deferred).toBe(true)
    const refusal = await refusalOf(engine, {
      principal: { caps: [{ kind: 'user', id: 'ada', scope: 'daily', limitNanoUsd: 1e12 }] },
    })
    expect(refusal).toMatchObject({ code: 'store_unavailable', status: 503 })
    expect(engine.upstream.requests.length).toBe(1)
  })
})

describe('a turn that is refused', () => {
  const no = () => new GatewayError('rate_limit', 'quota_exceeded', 'spent')

  it.each([
    { why: 'by a limit', options: { limits: [no] }, asked: {}, code: 'quota_exceeded' },
    { why: 'for its model', options: {}, asked: { principal: { allowedModels: ['openai:*'] } }, code: 'model_not_allowed' },
    { why: 'for an unknown provider', options: {}, asked: { model: 'nope:x' }, code: 'model_not_found' },
    { why: 'by routing', options: {}, asked: { model: 'groq:x' }, code: 'routing_failed' },
  ])('$why has its route and its end, no call, and never was upstream', async ({ options, asked, code }) => {
    const engine = await openEngine(options)
    expect(await refusalOf(engine, asked)).toMatchObject({ code })
    const [[route, turn] = expect.fail('nothing was recorded'), ...more] = engine.traces.refused
    expect(route.payload).toMatchObject({ winner_index: -1, chosen_model: null })
    expect(turn.payload).toMatchObject({ status: 'refused', error_code: code, llm_call_count: 0, total_cost_usd: 0 })
    expect([turn.parentEventId, route.id < turn.id]).toEqual([route.id, true])
    expect([more.length, engine.traces.opened.length, engine.traces.closed.length]).toEqual([0, 0, 0])
    expect(engine.upstream.requests.length).toBe(0)
    expect(engine.engine.running).toBe(0)
  })
})

describe('the limit of running turns', () => {
  it('holds for those that come in one moment, and frees each place at its end', async () => {
    const { ask, engine, upstream, traces } = await openEngine({ config: { limits: { concurrent_turns: 3 } } })
    const asked = Array.from({ length: 10 }, () => ask())
    const results = await Promise.allSettled(asked.map(({ answer }) => answer))
    const refusals = results.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []))
    expect(refusals.length).toBe(7)
    for (const error of refusals)
      expect(error).toMatchObject({ code: 'overloaded', status: 503, details: { retryAfterMs: 1000 } })
    expect([upstream.requests.length, engine.running, traces.opened.length, traces.refused.length]).toEqual([3, 3, 3, 0])
    for (const result of results) if (result.status === 'fulfilled') await readAll(result.value.chunks)
    expect(engine.running).toBe(0)
    await ask().answer
  })

  it('counts no turn that was refused', async () => {
    const { ask, engine } = await openEngine({ config: { limits: { concurrent_turns: 1 } } })
    for (const model of ['nope:x', 'groq:x', 'nope:y']) await expect(ask({ model }).answer).rejects.toBeInstanceOf(GatewayError)
    expect(engine.running).toBe(0)
    await ask().answer
  })
})

describe('T2, the end', () => {
  it.each([
    { answer: 'a stream', stream: true },
    { answer: 'a whole answer', stream: false },
  ])('of $answer is on record before its last bytes are out', async ({ stream }) => {
    const { traces, ask } = await openEngine()
    traces.hold('close')
    const { turnId, answer } = ask({ stream })
    const { chunks } = await answer
    let text = ''
    let ended = false
    const reading = (async () => {
      for await (const chunk of chunks) text += new TextDecoder().decode(chunk.verbatim?.bytes)
      ended = true
    })()
    await turnOfTheLoop()
    expect(traces.endsOf(turnId)).toEqual(['ok'])
    expect(text).not.toContain(stream ? 'message_stop' : '}')
    if (stream) expect(text).toContain('message_start')
    traces.release('close')
    await reading
    expect([ended, text.includes(stream ? 'message_stop' : '}')]).toEqual([true, true])
  })

  it('comes once, in the order route < call < turn, each under the one before', async () => {
    const { traces, ask } = await openEngine()
    const { turnId, answer } = ask()
    await readAll((await answer).chunks)
    const { call, turn } = traces.endOf(turnId)
    const ids = [traces.opened[0]?.route.id ?? '', call?.id ?? '', turn.id]
    expect(ids).toEqual(ids.toSorted())
    expect(new Set(ids).size).toBe(3)
    expect([call?.parentEventId, turn.parentEventId]).toEqual(ids.slice(0, 2))
    expect(turn.payload).toMatchObject({ status: 'ok', llm_call_count: 1, error_code: null })
  })
})
