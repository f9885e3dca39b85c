// Clients of a whole gateway over real sockets: those that leave, those that wait in silence (reliability.md §9).
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, within } from '../support/deadline.ts'
import { startTestGateway, type TestEvent, type TestGateway } from '../support/gateway.ts'
import { times, type Script } from '../support/scripts.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway({ config: { keep_alive_ms: 100 } })
})
afterAll(() => gateway.stop())

const shapes = {
  anthropic: { path: '/v1/messages', model: 'claude-haiku-4-5', foreign: 'openai:gpt-4o-mini' },
  openai: { path: '/v1/chat/completions', model: 'gpt-4o-mini', foreign: 'anthropic:claude-haiku-4-5' },
} as const
type Shape = keyof typeof shapes

interface AskOptions {
  readonly shape?: Shape
  readonly stream?: boolean
  readonly foreign?: boolean
}

/** A connection of its own, closed by `destroy` as a client that is killed does it. */
function ask({ shape = 'anthropic', stream = true, foreign = false }: AskOptions = {}): ClientRequest {
  const { path, model, foreign: other } = shapes[shape]
  const headers = { authorization: `Bearer ${gateway.token}`, 'content-type': 'application/json' }
  const call = httpRequest(gateway.url + path, { method: 'POST', agent: false, headers })
  call.on('error', () => undefined)
  const messages = [{ role: 'user', content: 'Say hello.' }]
  call.end(JSON.stringify({ model: foreign ? other : model, stream, max_tokens: 64, messages }))
  return call
}

/** Resolves once the first bytes of the answer's body are here. */
async function firstBytes(call: ClientRequest): Promise<IncomingMessage> {
  const [answer]: IncomingMessage[] = await once(call, 'response')
  if (answer === undefined) throw new Error('no answer')
  answer.on('error', () => undefined)
  await once(answer, 'data')
  return answer
}

/** The events of the turn that made the provider's request of this number, when it is over: each turn here makes one. */
function turnOf(index: number): Promise<readonly TestEvent[]> {
  return eventually(10_000, 'the turn is on record', async () => {
    const events = await gateway.events()
    const turnId = events.filter(({ type }) => type === 'route.decided')[index]?.turnId
    const own = events.filter((event) => event.turnId === turnId)
    return own.at(-1)?.type === 'turn.completed' && own
  })
}

const textOf = async (answer: IncomingMessage, begun = ''): Promise<string> => {
  let text = begun
  for await (const chunk of answer.setEncoding('utf8')) text += chunk
  return text
}

interface Leaving extends AskOptions {
  readonly when: string
  readonly script: Script
  /** It leaves once the answer's first bytes are here, not as soon as the provider has its request. */
  readonly begun: boolean
}

/** Its end is a minute away. */
const longStream: Script = { delayMs: 100, plan: { parts: [{ type: 'text', text: 'word '.repeat(1000) }] } }

const leavings: readonly Leaving[] = [
  { when: 'before the first byte of a stream', script: { fault: 'stall-first' }, begun: false },
  { when: 'before the first byte of a stream, after the head', script: { fault: 'stall-head' }, begun: false, shape: 'openai' },
  { when: 'in the middle of a stream', script: longStream, begun: true },
  { when: 'in the middle of a stream of the other wire', script: longStream, begun: true, shape: 'openai', foreign: true },
  { when: 'on a stream that fell silent', script: { fault: 'stall-mid' }, begun: true, shape: 'openai' },
  { when: 'on a whole answer', script: { fault: 'stall-first' }, begun: false, stream: false },
  {
    when: 'on a whole answer that is on its way',
    script: { delayFirstMs: 20, fault: 'stall-head' },
    begun: false,
    stream: false,
  },
]

describe('a client that leaves', () => {
  it.each(leavings)('$when: the provider sees it, and it is on record as CANCELLED', async (leaving) => {
    const index = gateway.provider.requests.length
    gateway.provider.script(leaving.script)
    const call = ask(leaving)
    await gateway.provider.received(index + 1)
    if (leaving.begun) await firstBytes(call)
    call.destroy()
    expect((await gateway.provider.closed(index)).how).toBe('client-gone')
    const end = (await turnOf(index)).slice(-2)
    expect(end.map(({ payload }) => payload['error_class'] ?? payload['status'])).toEqual(['CANCELLED', 'cancelled'])
    expect(gateway.provider.requests.length).toBe(index + 1)
  })

  it('fifty at once are all gone from the provider', async () => {
    const first = gateway.provider.requests.length
    gateway.provider.script(...times(50, longStream))
    const calls = Array.from({ length: 50 }, (_, index) => ask({ shape: index % 2 === 0 ? 'anthropic' : 'openai' }))
    await Promise.all(calls.map(firstBytes))
    for (const call of calls) call.destroy()
    const closings = await Promise.all(calls.map((_, index) => gateway.provider.closed(first + index)))
    expect(new Set(closings.map(({ how }) => how))).toEqual(new Set(['client-gone']))
    expect(gateway.provider.requests.length).toBe(first + 50)
  })

  it('during the wait for another try makes no other try', async () => {
    const index = gateway.provider.requests.length
    gateway.provider.script({ status: 503, headers: { 'retry-after': '30' } })
    const call = ask()
    await gateway.provider.closed(index)
    call.destroy()
    expect((await turnOf(index)).at(-1)?.payload['status']).toBe('cancelled')
    expect(gateway.provider.requests.length).toBe(index + 1)
    await (await firstBytes(ask())).resume()
    expect(gateway.provider.requests.length).toBe(index + 2)
  })

  it('leaves others on their way alone', async () => {
    gateway.provider.script({ delayMs: 20 }, { delayMs: 20 })
    const [leaver, stayer] = [ask(), ask({ shape: 'openai' })]
    const [, answer] = await Promise.all([firstBytes(leaver), firstBytes(stayer)])
    leaver.destroy()
    expect(await textOf(answer)).toMatch(/data: \[DONE\]\s*$/)
  })
})

describe('a silent stream', () => {
  const pings = { anthropic: /event: ping\ndata: \{"type":"ping"\}\n\n/g, openai: /: ping\n\n/g } as const

  it.each<{ shape: Shape; foreign: boolean }>([
    { shape: 'anthropic', foreign: false },
    { shape: 'openai', foreign: false },
    { shape: 'anthropic', foreign: true },
    { shape: 'openai', foreign: true },
  ])('of $shape gets keep-alives, and is the same without them (from the other wire: $foreign)', async ({ shape, foreign }) => {
    const plan = { parts: [{ type: 'text', text: 'ok' }] } as const
    gateway.provider.script({ delayMs: 230, plan }, { plan })
    const texts = await Promise.all(
      [ask({ shape, foreign }), ask({ shape, foreign })].map(async (call) => {
        const [answer]: IncomingMessage[] = await once(call, 'response')
        return answer === undefined ? '' : textOf(answer)
      }),
    )
    // Whichever of the two was the slow one.
    expect(Math.max(...texts.map((text) => text.match(pings[shape])?.length ?? 0))).toBeGreaterThanOrEqual(2)
    const [one, other] = texts.map((text) => framesOf(text.replaceAll(pings[shape], '')))
    expect(one).toEqual(other)
  })

  it('gets none as long as something comes more often than that', async () => {
    const calm = await startTestGateway({ config: { keep_alive_ms: 1500 } })
    try {
      calm.provider.script({ delayMs: 100, plan: { parts: [{ type: 'text', text: 'word '.repeat(40) }] } })
      const answer = await calm.post('/v1/chat/completions', { model: 'gpt-4o-mini', stream: true, messages: [] })
      const text = await answer.text()
      expect(text).toContain('[DONE]')
      expect(text).not.toContain(': ping')
    } finally {
      await calm.stop()
    }
  })

  it('gets none inside a frame that has not ended, however long that takes', async () => {
    gateway.provider.script({ sliceBytes: 300, delayMs: 250 })
    const [answer]: IncomingMessage[] = await once(ask(), 'response')
    const text = answer === undefined ? '' : await within(15_000, 'the drip', textOf(answer))
    for (const frame of text.split('\n\n').filter((one) => one !== '')) expect(frame).toMatch(/^event: \w+\ndata: \{.*\}$/)
    expect(text).toContain('message_stop')
  })
})

/** What a stream says, without what differs between two answers. */
function framesOf(text: string): readonly string[] {
  return text.replaceAll(/mock\d+|"created":\d+|req_\w+|chatcmpl-\w+|msg_\w+/g, 'x').split('\n\n')
}
