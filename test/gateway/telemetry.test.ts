// What leaves the gateway for other tools: spans to a collector, alerts to a webhook, one line a turn. Each over a socket.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { nodeClock } from '../../runtimes/node/clock.ts'
import { createLogger } from '../../runtimes/node/logger.ts'
import { createSpanExport } from '../../src/gateway/span-export.ts'
import { startTestAgent } from '../support/agent.ts'
import { eventually } from '../support/deadline.ts'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts'
import { textOf } from '../support/json.ts'
import { runProgram } from '../support/program.ts'
import { turnOf } from '../support/turns.ts'

let gateway: TestGateway | null = null
const servers: Server[] = []
afterEach(async () => {
  await gateway?.stop()
  gateway = null
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function start(config: TestGatewayOptions['config'] = {}): Promise<TestGateway> {
  gateway = await startTestGateway({ config: { limits: { max_retries: 0 }, ...config } })
  return gateway
}

interface Received {
  readonly path: string
  readonly headers: NodeJS.Dict<string | readonly string[]>
  readonly body: unknown
}

/** Answers with `statuses` in turn, then with 200. */
async function receiver(...statuses: readonly number[]): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    received.push({ path: request.url ?? '', headers: request.headers, body: JSON.parse(body) })
    response.writeHead(statuses[received.length - 1] ?? 200, { 'content-type': 'application/json' }).end('{}')
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const address = server.address()
  return { url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`, received }
}

const value = z.object({
  stringValue: z.string().optional(),
  intValue: z.string().optional(),
  doubleValue: z.number().optional(),
  boolValue: z.boolean().optional(),
  arrayValue: z.object({ values: z.array(z.object({ stringValue: z.string() })) }).optional(),
})
const attributes = z.array(z.strictObject({ key: z.string(), value }))
/** As the collector's own schema asks, in the JSON of OTLP. */
const exported = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes }),
      scopeSpans: z.array(
        z.strictObject({
          scope: z.strictObject({ name: z.string(), version: z.string() }),
          spans: z.array(
            z.strictObject({
              traceId: z.string().regex(/^[0-9a-f]{32}$/),
              spanId: z.string().regex(/^[0-9a-f]{16}$/),
              parentSpanId: z.string().optional(),
              flags: z.number().optional(),
              name: z.string(),
              kind: z.literal(3),
              startTimeUnixNano: z.string().regex(/^\d{19}$/),
              endTimeUnixNano: z.string().regex(/^\d{19}$/),
              attributes,
              status: z.strictObject({ code: z.literal(2).optional(), message: z.string().optional() }),
            }),
          ),
        }),
      ),
    }),
  ),
})

const spansIn = (received: readonly Received[]) =>
  received.flatMap(({ body }) => exported.parse(body).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))) // prettier-ignore

const plain = (list: z.infer<typeof attributes>): Record<string, unknown> =>
  Object.fromEntries(
    list.map(({ key, value: { arrayValue, intValue, ...other } }) => {
      const array = arrayValue?.values.map(({ stringValue }) => stringValue)
      return [key, array ?? (intValue === undefined ? Object.values(other)[0] : Number(intValue))]
    }),
  )

async function ask(on: TestGateway, body: object = {}, headers: Record<string, string> = {}): Promise<Response> {
  const asked = { model: 'claude-haiku-4-5', max_tokens: 16, messages: [{ role: 'user', content: 'a secret question' }], ...body }
  const response = await on.post('/v1/messages', asked, { headers })
  await response.text()
  return response
}

const metric = async (on: TestGateway, name: string): Promise<number> => {
  const text = await (await fetch(`${on.url}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1])
}

describe('spans over OTLP', () => {
  it('say of each turn in the names of the gen_ai conventions what its record says, and nothing of what was said', async () => {
    const { url, received } = await receiver()
    const on = await start({ otlp: { endpoint: `${url}/`, headers: { 'x-api-token': 'collector-secret' } } })
    on.provider.script({ plan: { usage: { inputUncached: 100, cacheRead: 900, cacheWrite5m: 50, output: 20, reasoning: 0 } } })
    const answer = await ask(on, { stream: true }, { 'x-metis-session': 's-1', 'x-metis-project': 'gateway' })
    on.provider.script({ status: 500 })
    await ask(on, { model: 'gpt-5-mini' })
    const spans = await eventually(10_000, 'two spans', async () =>
      spansIn(received).length === 2 ? spansIn(received) : undefined,
    )

    expect(received[0]).toMatchObject({ path: '/v1/traces', headers: { 'x-api-token': 'collector-secret', 'content-type': 'application/json' } }) // prettier-ignore
    const [ok, failed] = spans.map((span) => ({ ...span, attributes: plain(span.attributes) }))
    const call = (await on.events()).find(({ type }) => type === 'llm.call_completed')
    expect(ok).toMatchObject({ name: 'chat claude-haiku-4-5', status: {} })
    expect(ok?.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.request.model': 'claude-haiku-4-5',
      'gen_ai.request.stream': true,
      'gen_ai.conversation.id': 's-1',
      'gen_ai.usage.input_tokens': 1050,
      'gen_ai.usage.cache_read.input_tokens': 900,
      'gen_ai.usage.cache_creation.input_tokens': 50,
      'gen_ai.usage.output_tokens': 20,
      'gen_ai.response.finish_reasons': ['end_turn'],
      'metis.turn.id': answer.headers.get('x-metis-turn-id'),
      'metis.cost_nano_usd': Math.round(Number(call?.payload['cost_usd']) * 1e9),
      'metis.project': 'gateway',
    })
    expect(failed).toMatchObject({ name: 'chat gpt-5-mini', status: { code: 2 } })
    expect(failed?.attributes).toMatchObject({ 'error.type': 'server_error', 'metis.turn.status': 'failed' })
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(2)
    expect(JSON.stringify(received)).not.toContain('secret question')
    expect(await metric(on, 'metis_spans_exported_total')).toBe(2)
  })

  it('belong to the span of the client that names one, unless its trace is not kept', async () => {
    const { url, received } = await receiver()
    const on = await start({ otlp: { endpoint: url } })
    const [traceId, parentSpanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
    const child = await ask(on, {}, { traceparent: `00-${traceId}-${parentSpanId}-01` })
    await ask(on, {}, { traceparent: `00-${traceId}-${parentSpanId}-00` })
    on.provider.script({ status: 500 })
    await ask(on, {}, { traceparent: `00-${traceId}-${parentSpanId}-01` })
    await ask(on, {}, { traceparent: `00-${traceId}-no-span-01` })
    await on.stop()
    gateway = null
    const spans = spansIn(received)
    expect(spans.map((span) => [span.traceId === traceId, span.parentSpanId, span.flags])).toEqual([
      [true, parentSpanId, 0x301],
      [true, parentSpanId, 0x301],
      [false, undefined, undefined],
    ])
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(3)
    expect(plain(spans[0]?.attributes ?? [])['metis.turn.id']).toBe(child.headers.get('x-metis-turn-id'))
  })

  it('are sent before the process ends, without waiting for more', async () => {
    const { url, received } = await receiver()
    const on = await start({ otlp: { endpoint: url } })
    await ask(on)
    await on.stop()
    gateway = null
    expect(spansIn(received)).toHaveLength(1)
  })

  it('come again when the collector is busy, are dropped when it refuses, and no turn knows', async () => {
    const { url, received } = await receiver(503, 200, 400)
    const on = await start({ otlp: { endpoint: `${url}/v1/traces`, service_name: 'team-gateway' } })
    expect((await ask(on)).status).toBe(200)
    await eventually(10_000, 'the second try', async () => received.length >= 2 || undefined)
    expect(spansIn(received.slice(0, 1))).toEqual(spansIn(received.slice(1, 2)))
    expect(JSON.stringify(received[0]?.body)).toContain('"team-gateway"')
    await eventually(10_000, 'the count', async () => (await metric(on, 'metis_spans_exported_total')) === 1 || undefined)
    expect((await ask(on)).status).toBe(200)
    await eventually(10_000, 'the drop', async () => (await metric(on, 'metis_spans_dropped_total')) === 1 || undefined)
  })
})

describe('spans of turns that run beside the gateway', () => {
  it('are those of sessions on serve, and of chat, all of them before the process ends', async () => {
    const { url, received } = await receiver()
    const agent = await startTestAgent({ config: { otlp: { endpoint: url } } })
    let [session, turn] = ['', '']
    try {
      session = textOf((await agent.json('POST', '/sessions', {}, 201))['id'])
      turn = textOf((await agent.json('POST', `/sessions/${session}/turns`, { message: 'a secret question' }))['id'])
      const chat = await runProgram(['chat', 'another secret question', '--json'], { home: agent.home, env: { METIS_HOME: agent.home } }) // prettier-ignore
      expect([chat.code, chat.stderr]).toEqual([0, ''])
      expect(spansIn(received).length).toBeGreaterThanOrEqual(1)
    } finally {
      await agent.stop()
    }
    const spans = spansIn(received).map(({ attributes }) => plain(attributes))
    expect(spans).toHaveLength(2)
    const ofSession = spans.find((span) => span['metis.turn.id'] === turn)
    expect(ofSession).toMatchObject({ 'gen_ai.conversation.id': session, 'metis.client': 'metis-sessions' })
    expect(Number(ofSession?.['metis.cost_nano_usd'])).toBeGreaterThan(0)
    expect(ofSession).not.toHaveProperty('metis.gateway_key.id')
    expect(JSON.stringify(received)).not.toContain('secret question')
  })
})

describe('the export of spans', () => {
  it('posts nothing for turns of which nothing went upstream', async () => {
    const posted: string[] = []
    const pending: Promise<unknown>[] = []
    const spans = createSpanExport({
      config: { endpoint: 'http://127.0.0.1:4318', headers: {}, serviceName: 'gateway' },
      version: '0.0.0-test',
      services: {
        clock: nodeClock,
        logger: { log: () => undefined },
        instanceId: 'instance-1',
        background: (work) => void pending.push(work),
        send: ({ url }) => {
          posted.push(url)
          return Promise.reject(new Error('nothing listens there'))
        },
      },
    })
    spans.hurry()
    spans.closed?.({ ...turnOf(1).closed, call: null })
    await Promise.all(pending)
    expect([pending.length, posted, spans.exported, spans.dropped]).toEqual([1, [], 0, 0])
  })
})

describe('alerts by webhook', () => {
  it('tell of a provider that is kept away from, signed', async () => {
    const { url, received } = await receiver()
    const on = await start({ alerts: { webhook_url: `${url}/hook`, secret: 'a secret of the webhook' } })
    on.provider.script({ status: 401 })
    expect((await ask(on)).status).toBe(502)
    const [alert] = await eventually(10_000, 'the webhook', async () => (received.length > 0 ? received : undefined))
    expect(alert?.body).toMatchObject({ type: 'provider.degraded', provider: 'anthropic', reason: 'provider_auth_failed' })
    expect(alert?.headers['x-metis-signature']).toMatch(/^t=\d+,v1=[0-9a-f]{64}$/)
  })

  it('tell of a key that runs away', async () => {
    const { url, received } = await receiver()
    const alerts = { webhook_url: url, secret: 'a secret of the webhook' }
    const on = await start({ alerts, brake: { mode: 'flag', repeated_tool_calls: 3 } })
    const messages = [1, 2, 3].flatMap((time) => [
      { role: 'user', content: time === 1 ? 'go' : [{ type: 'tool_result', tool_use_id: `t${time - 1}`, content: 'x' }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: `t${time}`, name: 'read', input: {} }] },
    ])
    const tools = [{ name: 'read', input_schema: { type: 'object' } }]
    const last = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't3', content: 'x' }] }
    expect((await ask(on, { tools, messages: [...messages, last] })).status).toBe(200)
    const [alert] = await eventually(10_000, 'the webhook', async () => (received.length > 0 ? received : undefined))
    expect(alert?.body).toMatchObject({ type: 'gateway.runaway_detected', reason: 'repeated_tool_call', stopped: false })
  })
})

describe('the log', () => {
  const line = (format: 'json' | 'pretty'): string => {
    const lines: string[] = []
    const logger = createLogger({ level: 'info', format, redact: (text) => text, write: (text) => void lines.push(text), colour: false }) // prettier-ignore
    logger.log('info', 'turn', { status: 'ok' }, { session_id: 's' })
    return lines.join('')
  }

  it('gives machines every field of a line, flat, and people the short ones', () => {
    expect(JSON.parse(line('json'))).toMatchObject({ level: 'info', message: 'turn', status: 'ok', session_id: 's' })
    expect(line('pretty')).toMatch(/^\S+ info {2}turn status=ok\n$/)
  })
})
