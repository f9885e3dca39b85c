// Every way an answer can end, and what of it is on record before its reader hears of it.
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/ir/errors.ts'
import { UpstreamFailure } from '../../src/services.ts'
import { openEngine, readAll, type Asked, type TestEngine } from './open-engine.ts'

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function refusalOf(engine: TestEngine, asked?: Asked): Promise<unknown> {
  return engine.ask(asked).answer.then(
    () => expect.fail('it was answered'),
    (error: unknown) => error,
  )
}

describe('an answer that cannot be priced', () => {
  it('is on record as unpriced, with its tokens, and a line in the log says why', async () => {
    const errors: string[] = []
    const engine = await openEngine({
      loadPrices: () => Promise.reject(new Error('the list is gone')),
      onError: (message) => errors.push(message),
    })
    const { turnId, answer } = engine.ask()
    expect(await readAll((await answer).chunks)).toContain('message_stop')
    const { call, turn } = engine.traces.endOf(turnId)
    expect(call?.payload).toMatchObject({ cost_usd: null, cost_basis: 'unpriced', usage_estimated: false })
    expect(turn.payload).toMatchObject({ status: 'ok', total_cost_usd: null })
    expect(turn.payload.total_output_tokens).toBeGreaterThan(0)
    expect(errors).toEqual(['a call could not be priced'])
  })
})

describe('an answer that fails', () => {
  it('before its first chunk used nothing: llm.call_failed, no cost', async () => {
    const engine = await openEngine()
    engine.upstream.script({ status: 402 })
    await refusalOf(engine)
    const [end] = engine.traces.closed
    expect(end?.call).toMatchObject({ type: 'llm.call_failed', payload: { error_class: 'other', status: 402 } })
    expect(end?.turn.payload).toMatchObject({ status: 'failed', total_cost_usd: 0, total_input_tokens: 0 })
  })

  it.each([
    ['reset-mid', 'network', 'upstream_unreachable'],
    ['end-mid', 'network', 'upstream_bad_response'],
    ['stall-mid', 'timeout', 'upstream_timeout'],
    ['error-mid', 'overloaded', 'upstream_bad_response'],
  ] as const)(
    'in its middle (%s) was paid for: what came is on record, and the reader is told after that',
    async (fault, errorClass, code) => {
      const { upstream, traces, ask } = await openEngine()
      upstream.script({ fault })
      traces.hold('close')
      const { turnId, answer } = ask()
      let failure: unknown
      const reading = readAll((await answer).chunks).catch((error: unknown) => (failure = error))
      await turnOfTheLoop()
      expect([traces.endsOf(turnId), failure]).toEqual([['failed'], undefined])
      traces.release('close')
      await reading
      expect(failure).toMatchObject({ errorClass, code })
      const { call, turn } = traces.endOf(turnId)
      expect(call).toMatchObject({
        type: 'llm.call_completed',
        payload: { error_class: errorClass, cost_basis: 'partial_estimate', usage_estimated: true },
      })
      expect(turn.payload).toMatchObject({ status: 'failed', error_code: code })
      expect(turn.payload.total_output_tokens).toBeGreaterThan(0)
    },
  )

  it('across wires in its very last chunk is no whole answer', async () => {
    const { upstream, traces, ask } = await openEngine()
    const choice = { index: 0, message: { role: 'assistant', content: 'x', tool_calls: 'none' }, finish_reason: 'stop' }
    upstream.script(...[1, 2].map(() => ({ body: JSON.stringify({ id: 'x', model: 'm', choices: [choice] }) })))
    const { turnId, answer } = ask({ model: 'up:m', shape: 'anthropic', stream: false })
    const events = async (): Promise<void> => {
      for await (const chunk of (await answer).chunks) chunk.events()
    }
    await expect(events()).rejects.toBeInstanceOf(GatewayError)
    expect(traces.endsOf(turnId)).toEqual(['failed'])
  })
})

describe('a reader that goes away', () => {
  it('in the middle stops upstream, and the part that came is on record', async () => {
    const engine = await openEngine({ auto: false })
    engine.upstream.script({ delayMs: 50 })
    const asking = engine.ask()
    await engine.clock.advance(0)
    const { chunks } = await asking.answer
    const iterator = chunks[Symbol.asyncIterator]()
    await iterator.next()
    const second = iterator.next()
    await engine.clock.advance(50)
    await second
    await iterator.return?.()
    expect((await engine.upstream.closed(0)).how).toBe('client-gone')
    expect(engine.traces.endOf(asking.turnId).call?.payload).toMatchObject({
      error_class: 'CANCELLED',
      cost_basis: 'partial_estimate',
      usage_estimated: true,
    })
  })

  it('before it read anything closes the turn, although nobody ever starts its generator', async () => {
    const { ask, traces, upstream, engine } = await openEngine()
    const asking = ask()
    await asking.answer
    expect(engine.running).toBe(1)
    asking.leave()
    await turnOfTheLoop()
    expect(traces.endsOf(asking.turnId)).toEqual(['cancelled'])
    expect((await upstream.closed(0)).how).toBe('client-gone')
    expect(engine.running).toBe(0)
  })

  it('after the end changes nothing', async () => {
    const { ask, traces } = await openEngine()
    const asking = ask()
    await readAll((await asking.answer).chunks)
    asking.leave()
    await turnOfTheLoop()
    expect(traces.endsOf(asking.turnId)).toEqual(['ok'])
  })
})

describe('the last step of a shutdown', () => {
  it('ends what runs as INTERRUPTED, tells its readers so, and waits for the records', async () => {
    const { ask, traces, engine, clock, upstream } = await openEngine({ auto: false })
    upstream.script({ delayMs: 1000 }, { fault: 'stall-first' })
    const [streaming, waiting] = [ask(), ask()]
    await clock.advance(0)
    const reading = readAll((await streaming.answer).chunks)
    traces.hold('close')
    let done = false
    const interrupted = engine.interruptAll().then(() => (done = true))
    await turnOfTheLoop()
    expect([traces.held, done]).toEqual([2, false])
    traces.release('close')
    await interrupted
    await expect(reading).rejects.toMatchObject({ code: 'shutting_down' })
    await expect(waiting.answer).rejects.toMatchObject({ code: 'shutting_down' })
    for (const { turnId } of [streaming, waiting]) {
      expect(traces.endOf(turnId)).toMatchObject({
        call: { type: 'llm.call_completed', payload: { error_class: 'INTERRUPTED', attempts: 1 } },
        turn: { payload: { status: 'interrupted', error_code: 'shutting_down' } },
      })
    }
    expect(engine.running).toBe(0)
  })

  it('lets an end that is being recorded out: it is whole', async () => {
    const { ask, traces, engine } = await openEngine()
    traces.hold('close')
    const asking = ask()
    const reading = readAll((await asking.answer).chunks)
    await turnOfTheLoop()
    const interrupted = engine.interruptAll()
    traces.release('close')
    await interrupted
    expect(await reading).toContain('message_stop')
    expect(traces.endsOf(asking.turnId)).toEqual(['ok'])
  })

  it('keeps the end back of a turn that is on record as interrupted', async () => {
    const { ask, traces, engine } = await openEngine()
    const asking = ask()
    const iterator = (await asking.answer).chunks[Symbol.asyncIterator]()
    await iterator.next()
    const interrupted = engine.interruptAll()
    let text = ''
    const rest = (async () => {
      for (;;) {
        const next = await iterator.next()
        if (next.done === true) return
        text += new TextDecoder().decode(next.value.verbatim?.bytes)
      }
    })()
    await expect(rest).rejects.toMatchObject({ code: 'shutting_down' })
    await interrupted
    expect(text).not.toContain('message_stop')
    expect(traces.endsOf(asking.turnId)).toEqual(['interrupted'])
  })
})

describe('what breaks behind the end', () => {
  it('takes nothing away', async () => {
    const { ask, traces, upstream } = await openEngine()
    upstream.script({ fault: 'reset-mid', faultAfterFrames: 1000 })
    const asking = ask()
    expect(await readAll((await asking.answer).chunks)).toContain('message_stop')
    expect(traces.endsOf(asking.turnId)).toEqual(['ok'])
  })

  it('of a failure below HTTP is told in our words only', async () => {
    const engine = await openEngine({ config: { limits: { max_retries: 0 } } })
    engine.upstream.script(new UpstreamFailure('connect', new Error('connect ECONNREFUSED 10.0.0.7:443')))
    await refusalOf(engine)
    expect(JSON.stringify(engine.traces.closed)).not.toMatch(/ECONN|10\.0\.0\.7/)
  })
})

describe('a turn whose request the platform has ended without a word', () => {
  it('gives its place back when it is given up, once, and what it does after all is on record', async () => {
    const { ask, engine, upstream, traces } = await openEngine({ config: { limits: { concurrent_turns: 1 } } })
    const rates = { id: 'gk_1', requestsPerMinute: null, tokensPerMinute: null, concurrentTurns: 1 }
    const asked = { principal: { rates } }
    upstream.script({ delayFirstMs: 1 })
    const lost = ask(asked)
    const answer = await lost.answer
    await expect(ask(asked).answer).rejects.toMatchObject({ code: 'overloaded' })
    engine.forget(lost.turnId)
    engine.forget(lost.turnId)
    expect(engine.running).toBe(0)
    const next = ask(asked)
    await next.answer
    expect(await readAll(answer.chunks)).toContain('message_stop')
    expect(traces.endsOf(lost.turnId)).toEqual(['ok'])
    expect(engine.running).toBe(1)
    await expect(ask(asked).answer).rejects.toMatchObject({ code: 'overloaded' })
    await readAll((await next.answer).chunks)
    expect(engine.running).toBe(0)
  })
})

describe('what a session works on, looked up beside the call', () => {
  const work = { project: 'shop', branch: 'feat/checkout' }

  it('is in the row of the call when it came before the end, and was not waited for', async () => {
    const { traces, ask } = await openEngine()
    let found = (_work: typeof work | null): void => undefined
    const asked = ask({ work: new Promise((resolve) => (found = resolve)) })
    const { chunks } = await asked.answer
    found(work)
    await turnOfTheLoop()
    await readAll(chunks)
    const { call, turn } = traces.endOf(asked.turnId)
    expect([call?.payload, turn.payload]).toMatchObject([work, work])
  })

  it('is nothing when it came later, or nobody knows', async () => {
    const { traces, ask } = await openEngine()
    for (const late of [new Promise<null>(() => undefined), Promise.resolve(null)]) {
      const { turnId, answer } = ask({ work: late })
      await readAll((await answer).chunks)
      expect(traces.endOf(turnId).call?.payload).toMatchObject({ project: null, branch: null })
    }
  })
})
