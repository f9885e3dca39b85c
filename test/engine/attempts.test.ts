// Retries and fallbacks through a whole engine: who is asked how often, after which waits, and what is on the log.
import { describe, expect, it } from 'vitest'
import { UpstreamFailure } from '../../src/services.ts'
import { retryAfter, times } from '../support/scripts.ts'
import { openEngine, readAll, type TestEngine } from './open-engine.ts'

const haiku = 'anthropic:claude-haiku-4-5'
const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The models asked upstream, in order. */
const asked = ({ upstream }: TestEngine): readonly unknown[] => upstream.requests.map(({ json }) => json['model'])

async function failureOf(engine: TestEngine, options?: Parameters<TestEngine['ask']>[0]) {
  const asking = engine.ask(options)
  const error: unknown = await asking.answer.then(
    () => expect.fail('it was answered'),
    (thrown: unknown) => thrown,
  )
  return { error, end: engine.traces.endOf(asking.turnId) }
}

async function answered(engine: TestEngine, options?: Parameters<TestEngine['ask']>[0]) {
  const asking = engine.ask(options)
  const answer = await asking.answer
  return { answer, text: await readAll(answer.chunks), end: engine.traces.endOf(asking.turnId) }
}

describe('an answer at the third try', () => {
  it('is asked for after growing waits, and the log has all three', async () => {
    const engine = await openEngine()
    engine.upstream.script({ status: 529 }, { fault: 'reset-first' })
    const { end } = await answered(engine)
    expect(engine.clock.slept).toEqual([375, 750])
    expect(end.turn.payload.status).toBe('ok')
    expect(end.call?.payload).toMatchObject({
      attempts: 3,
      attempt_log: [
        { provider: 'anthropic', model: haiku, status: 529, error_class: 'overloaded' },
        { provider: 'anthropic', model: haiku, status: null, error_class: 'network' },
        { provider: 'anthropic', model: haiku, status: 200, error_class: null },
      ],
    })
  })

  it.each([
    { fault: 'empty' as const, tries: 2 },
    { fault: 'garbage' as const, tries: 2 },
    { fault: 'html' as const, tries: 2 },
    { fault: 'stall-head' as const, tries: 3 },
  ])('never came when every one is $fault', async ({ fault, tries }) => {
    const engine = await openEngine()
    engine.upstream.script(...times(3, { fault }))
    const { end } = await failureOf(engine)
    expect(engine.upstream.requests.length).toBe(tries)
    expect(end.call?.type).toBe('llm.call_failed')
    expect(end.turn.payload.status).toBe('failed')
  })
})

describe('a refusal of the request itself', () => {
  it.each([400, 404, 413, 422])('%i is passed on at once, and no other model is asked', async (status) => {
    const engine = await openEngine({ config: { fallbacks: { [haiku]: ['openai:gpt-5-mini'] } } })
    engine.upstream.script({ status })
    const { error, end } = await failureOf(engine)
    expect(error).toMatchObject({ details: { upstream: { status } } })
    expect(engine.upstream.requests.length).toBe(1)
    expect(engine.clock.slept).toEqual([])
    expect(end.call?.payload).toMatchObject({ attempts: 1, error_class: 'invalid_request', status })
  })
})

describe('a stale connection', () => {
  it('is tried again at once, without a wait and without counting as a retry', async () => {
    const engine = await openEngine()
    engine.upstream.script(new UpstreamFailure('stale'), ...times(2, { status: 503 }))
    await answered(engine)
    expect(engine.upstream.requests.length).toBe(4)
    expect(engine.clock.slept).toEqual([375, 750])
  })

  it('is forgiven once: after that it is a failure like others', async () => {
    const engine = await openEngine()
    engine.upstream.script(...times(9, { status: 200 }).map(() => new UpstreamFailure('stale')))
    await failureOf(engine)
    expect(engine.upstream.requests.length).toBe(4)
  })
})

describe('a provider that asks to wait', () => {
  it('is asked again when it said, and the waits of a turn are added up', async () => {
    const engine = await openEngine()
    engine.upstream.script(...times(2, { status: 429, headers: retryAfter.seconds(45) }))
    await answered(engine)
    expect(engine.clock.slept).toEqual([45_000, 45_000])
  })

  it('for longer than the rest of 90 s gets its refusal passed on, with its wait', async () => {
    const engine = await openEngine()
    engine.upstream.script({ status: 429, headers: retryAfter.seconds(46) }, { status: 503, headers: retryAfter.seconds(45) })
    const { error } = await failureOf(engine)
    expect(engine.clock.slept).toEqual([46_000])
    expect(error).toMatchObject({ errorClass: 'overloaded', details: { retryAfterMs: 45_000 } })
  })
})

describe('fallbacks', () => {
  const config = { fallbacks: { [haiku]: ['up:first', 'openai:gpt-5-mini', 'ant:third'] } }

  it('are asked in order, each with its own retries, and the answer says who gave it', async () => {
    const engine = await openEngine({ config })
    engine.upstream.script(...times(3, { status: 500 }), { status: 402 })
    const { answer, end } = await answered(engine)
    expect(asked(engine)).toEqual(['claude-haiku-4-5', 'claude-haiku-4-5', 'claude-haiku-4-5', 'first', 'gpt-5-mini'])
    expect(answer.model).toEqual({ provider: 'openai', name: 'gpt-5-mini' })
    expect(end.call?.payload).toMatchObject({ model: 'openai:gpt-5-mini', provider: 'openai', attempts: 5 })
  })

  it('that all fail leave the last failure', async () => {
    const engine = await openEngine({ config })
    engine.upstream.script({ status: 401 }, { status: 402 }, { status: 403 }, { status: 401 })
    const { error, end } = await failureOf(engine)
    expect(error).toMatchObject({ code: 'provider_auth_failed' })
    expect(end.call?.payload).toMatchObject({ model: 'ant:third', attempts: 4 })
    expect(engine.traces.appended.map(({ type }) => type)).toEqual(Array.from({ length: 3 }, () => 'provider.degraded'))
  })

  it('are left out where the key may not use them', async () => {
    const engine = await openEngine({ config })
    engine.upstream.script({ status: 402 })
    await answered(engine, { principal: { allowedModels: [haiku, 'ant:*'] } })
    expect(asked(engine)).toEqual(['claude-haiku-4-5', 'third'])
  })

  it('that cannot hold the request leave the failure of the model that could', async () => {
    const engine = await openEngine({ config: { fallbacks: { [haiku]: ['openai:gpt-5-mini', 'ant:third'] } } })
    const link = { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } }
    const body = { messages: [{ role: 'user', content: [link] }] }
    engine.upstream.script({ status: 402 })
    const { end } = await answered(engine, { body })
    expect(asked(engine)).toEqual(['claude-haiku-4-5', 'third'])
    expect(end.call?.payload).toMatchObject({ model: 'ant:third', attempts: 3 })

    engine.upstream.script({ status: 402 }, { status: 402 })
    expect((await failureOf(engine, { body })).error).toMatchObject({ details: { upstream: { status: 402 } } })
    const last = await openEngine({ config: { fallbacks: { [haiku]: ['openai:gpt-5-mini'] } } })
    last.upstream.script({ status: 402 })
    const { error, end: lastEnd } = await failureOf(last, { body })
    expect(error).toMatchObject({ details: { upstream: { status: 402 } } })
    expect(lastEnd.call?.payload).toMatchObject({ model: haiku, status: 402 })
  })

  it('that cannot hold a thread say so: the client then sends what was said so far', async () => {
    const engine = await openEngine({ config: { fallbacks: { [haiku]: ['openai:gpt-5-mini'] } } })
    engine.upstream.script({ status: 402 })
    const { error } = await failureOf(engine, { body: { thread: { type: 'continue', previous_message_id: 'msg_1' } } })
    expect(error).toMatchObject({ code: 'thread_unsupported_request' })
  })

  it('are left out where they cannot take the request', async () => {
    const engine = await openEngine({
      config: { fallbacks: { [haiku]: ['openai:o1-mini', 'groq:not-configured', 'openai:gpt-5'] } },
    })
    engine.upstream.script({ status: 402 })
    await answered(engine, { body: { tools: [{ name: 'f', input_schema: { type: 'object' } }] } })
    expect(asked(engine)).toEqual(['claude-haiku-4-5', 'gpt-5'])
  })
})

describe('the first chunk', () => {
  it('is there before there is an answer: what breaks before it can still be tried again', async () => {
    const engine = await openEngine({ auto: false })
    engine.upstream.script({ delayFirstMs: 100 })
    const asking = engine.ask()
    let isAnswered = false
    void asking.answer.then(() => (isAnswered = true))
    await engine.clock.advance(99)
    expect(isAnswered).toBe(false)
    await engine.clock.advance(1)
    expect(isAnswered).toBe(true)
  })

  it('once out ends all retries and fallbacks', async () => {
    const engine = await openEngine({ config: { fallbacks: { [haiku]: ['openai:gpt-5-mini'] } } })
    engine.upstream.script({ fault: 'reset-mid' })
    const asking = engine.ask()
    const answer = await asking.answer
    await expect(readAll(answer.chunks)).rejects.toMatchObject({ code: 'upstream_unreachable' })
    expect(engine.upstream.requests.length).toBe(1)
  })
})

describe('a client that leaves', () => {
  it.each([
    { during: 'the wait before another try', script: { status: 503 } as const, atMs: 100, tries: 1 },
    { during: 'the silence before an answer', script: { fault: 'stall-first' } as const, atMs: 100, tries: 1 },
    { during: 'the silence after the head', script: { fault: 'stall-head' } as const, atMs: 100, tries: 1 },
  ])('during $during ends it at once, and nobody else is asked', async ({ script, atMs, tries }) => {
    const engine = await openEngine({ auto: false, config: { fallbacks: { [haiku]: ['openai:gpt-5-mini'] } } })
    engine.upstream.script(script)
    const asking = engine.ask()
    await engine.clock.advance(atMs)
    asking.leave()
    await expect(asking.answer).rejects.toMatchObject({ code: 'client_closed_request' })
    expect(engine.clock.sleeping).toEqual([])
    await engine.clock.advance(3_600_000)
    expect(engine.upstream.requests.length).toBe(tries)
    expect(engine.traces.endsOf(asking.turnId)).toEqual(['cancelled'])
    expect(engine.traces.endOf(asking.turnId).call?.payload).toMatchObject({ error_class: 'CANCELLED', attempts: tries })
    expect(engine.engine.running).toBe(0)
  })

  it('before its turn is on record is on record all the same, and costs no upstream call', async () => {
    const engine = await openEngine()
    engine.traces.hold('open')
    const asking = engine.ask()
    await turnOfTheLoop()
    asking.leave()
    engine.traces.release('open')
    await expect(asking.answer).rejects.toMatchObject({ code: 'client_closed_request' })
    expect(engine.upstream.requests.length).toBe(0)
    expect(engine.traces.endsOf(asking.turnId)).toEqual(['cancelled'])
  })
})

describe('an outage', () => {
  it('is not multiplied by its own retries: 40 clients make at most 80 attempts', async () => {
    const engine = await openEngine({ auto: false, random: 1 })
    engine.upstream.script(...times(200, { status: 503 }))
    const clients = Array.from({ length: 40 }, () => engine.ask())
    const ends = Promise.allSettled(clients.map(({ answer }) => answer))
    await engine.clock.advance(10_000)
    expect((await ends).every(({ status }) => status === 'rejected')).toBe(true)
    expect(engine.upstream.requests.length).toBeGreaterThan(40)
    expect(engine.upstream.requests.length).toBeLessThanOrEqual(80)
  })

  it('of one provider leaves the retries of the others alone', async () => {
    const engine = await openEngine()
    engine.upstream.script(...times(100, { status: 503 }))
    for (let client = 0; client < 20; client++) await failureOf(engine, { model: 'up:x' })
    const before = engine.upstream.requests.length
    await failureOf(engine, { model: haiku })
    expect(engine.upstream.requests.length - before).toBe(3)
  })
})
