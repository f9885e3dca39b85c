// What crosses in headers, both ways (reliability.md §7): allow-lists, so whatever is not named here stays where it is. And
// bodies that come in an odd dress: the client sees no difference.
import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { privateHeaders } from '../support/scripts.ts'
import { askDoor, expectNoSecrets } from './fault-cases.ts'
import { doorCases, goodBody } from './refusals.ts'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.stop())

const clientHeaders = {
  cookie: 'session=secret-cookie',
  referer: 'http://localhost/secret-page',
  'x-metis-project': 'secret-project',
  'x-metis-session': 'secret-session',
  'x-metis-tags': 'team=secret-tag',
  'x-forwarded-for': '10.9.8.7',
  'x-real-ip': '10.9.8.7',
  forwarded: 'for=10.9.8.7',
  'proxy-authorization': 'Basic secret-proxy',
  'x-custom': 'secret-custom',
  'x-claude-code-session-id': 'secret-claude-session',
  'x-stainless-lang': 'js',
  'openai-organization': 'org-of-the-client',
  'anthropic-version': '2023-06-01',
  'anthropic-beta': 'effort-2025-11-24,context-1m-2025-08-07',
  'openai-beta': 'assistants=v2',
  'idempotency-key': 'idem-1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'vendor=secret-of-the-client',
  'user-agent': `claude-cli/2.1.330 ${'x'.repeat(400)}`,
}

const sentUp = {
  all: [
    'host',
    'connection',
    'content-length',
    'content-type',
    'accept',
    'accept-encoding',
    'user-agent',
    'idempotency-key',
    'traceparent',
  ],
  anthropic: ['x-api-key', 'anthropic-version'],
  openai: ['authorization'],
} as const

for (const door of doorCases) {
  for (const kind of ['same', 'across'] as const) {
    const model = kind === 'same' ? door.native : door.foreign
    const wire = model.includes('claude') ? 'anthropic' : 'openai'
    describe(`${door.door} door to the ${wire} wire`, () => {
      it.each([false, true])('sends up only what is on the list, streaming %s', async (stream) => {
        const response = await gateway.post(door.path, goodBody(model, { stream }), { headers: clientHeaders })
        expect(response.status, await response.text()).toBe(200)
        const { headers } = gateway.provider.at(-1)
        const betas = kind === 'across' ? [] : wire === 'anthropic' ? ['anthropic-beta'] : ['openai-beta']
        expect(Object.keys(headers).toSorted()).toEqual([...sentUp.all, ...sentUp[wire], ...betas].toSorted())
        const text = JSON.stringify(headers)
        for (const secret of ['secret', '10.9.8.7', 'gw_', gateway.token, 'org-of-the-client']) expect(text).not.toContain(secret)
        expect(headers['accept-encoding']).toBe('identity')
        expect(headers['accept']).toBe(stream ? 'text/event-stream' : 'application/json')
        expect(headers['user-agent']?.length).toBeLessThanOrEqual(256)
        if (wire === 'anthropic') {
          expect(headers['x-api-key']).toBe('sk-ant-mock-provider-key')
          expect(headers['anthropic-version']).toBe('2023-06-01')
        } else {
          expect(headers['authorization']).toBe('Bearer sk-mock-provider-key')
        }
        if (betas.includes('anthropic-beta')) expect(headers['anthropic-beta']).toBe(clientHeaders['anthropic-beta'])
      })

      it('sends up nothing of the query but the word for beta', async () => {
        const query = `?beta=true&api_key=${gateway.token}&x=secret`
        const response = await gateway.post(door.path + query, goodBody(model))
        expect(response.status, await response.text()).toBe(200)
        const told = door.door === 'anthropic' && kind === 'same'
        expect(gateway.provider.at(-1).query).toBe(told ? 'beta=true' : '')
        await gateway.post(`${door.path}?beta=false&x=1`, goodBody(model))
        expect(gateway.provider.at(-1).query).toBe('')
      })

      it.each([false, true])('sends down only what is on the list, streaming %s', async (stream) => {
        gateway.provider.script({
          headers: {
            ...privateHeaders,
            'anthropic-ratelimit-tokens-remaining': '77',
            'x-ratelimit-remaining-tokens': '78',
            server: 'mock-secret-server',
            'x-internal': 'mock-secret-internal',
            'x-metis-cost-usd': '999',
            'x-metis-turn-id': 'forged',
          },
        })
        const asked = await askDoor(gateway, door, model, { stream })
        expect(asked.response.status, asked.text).toBe(200)
        const ours = [
          'x-metis-turn-id',
          'x-metis-model',
          ...(stream ? ['cache-control', 'x-accel-buffering'] : ['x-metis-cost-usd']),
        ]
        const theirs =
          wire === 'anthropic'
            ? ['request-id', 'anthropic-ratelimit-requests-remaining']
            : ['x-request-id', 'openai-version', 'x-ratelimit-remaining-requests']
        const id = door.door === 'anthropic' ? 'request-id' : 'x-request-id'
        const limits = ['anthropic-ratelimit-tokens-remaining', 'x-ratelimit-remaining-tokens']
        const http = ['content-type', 'date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']
        const known = new Set([...ours, ...theirs, id, ...limits, ...http, 'x-metis-warnings'])
        expect([...asked.response.headers.keys()].filter((name) => !known.has(name))).toEqual([])
        for (const name of [...ours, ...theirs, id, ...limits]) expect(asked.response.headers.has(name), name).toBe(true)
        expect(asked.response.headers.get('x-metis-cost-usd')).not.toBe('999')
        expect(JSON.stringify([...asked.response.headers])).not.toContain('mock-secret')
        expectNoSecrets(gateway, asked)
      })

      it.each([
        { what: 'CR LF line ends', script: { crlf: true } },
        { what: 'pieces of one byte', script: { sliceBytes: 1 } },
        { what: 'pieces of three bytes, across characters', script: { sliceBytes: 3 } },
      ])('understands a stream in $what', async ({ script }) => {
        const plain = await askDoor(gateway, door, model, { stream: true })
        gateway.provider.script(script)
        const odd = await askDoor(gateway, door, model, { stream: true })
        expect(odd.response.status).toBe(200)
        expect(contentOf(odd.text)).toBe(contentOf(plain.text))
        expect(contentOf(odd.text)).toContain('Héllo from the mock ✓')
        for (const field of ['input_tokens', 'output_tokens', 'cost_usd', 'stop_reason', 'cost_basis']) {
          expect(odd.turn.call[field]).toEqual(plain.turn.call[field])
        }
      })
    })
  }
}

/** All text of a stream of either wire. */
function contentOf(stream: string): string {
  const pieces = [...stream.matchAll(/"(?:text|content)":"((?:[^"\\]|\\.)*)"/g)].map(([, text]) =>
    String(JSON.parse(`"${text}"`)),
  )
  return pieces.join('')
}

describe('a provider that compresses unasked', () => {
  const whole = JSON.stringify({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-haiku-4-5',
    content: [{ type: 'text', text: 'unpacked ✓' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 5, output_tokens: 3 },
  })

  async function withProvider(answer: (outgoing: ServerResponse) => void, run: (gateway: TestGateway) => Promise<void>) {
    const server = createServer((incoming, outgoing) => {
      incoming.resume()
      incoming.on('end', () => answer(outgoing))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const base_url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
    const zipped = await startTestGateway({
      config: {
        providers: { anthropic: { wire: 'anthropic', base_url, api_key: 'sk-ant-mock-provider-key' } },
        limits: { max_retries: 0 },
      },
    })
    try {
      await run(zipped)
    } finally {
      await zipped.stop()
      server.closeAllConnections()
      server.close()
    }
  }

  it('is understood, and the client gets plain bytes', () =>
    withProvider(
      (outgoing) =>
        outgoing.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(gzipSync(whole)),
      async (zipped) => {
        const response = await zipped.post('/v1/messages', goodBody('claude-haiku-4-5'))
        expect(response.headers.has('content-encoding')).toBe(false)
        expect(await response.text()).toBe(whole)
      },
    ))

  it.each(['gzip, gzip', 'gzip, br', 'zstd-of-tomorrow'])('is refused when it says %s', (encoding) =>
    withProvider(
      (outgoing) =>
        outgoing
          .writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding })
          .end(gzipSync(gzipSync(whole))),
      async (zipped) => {
        const response = await zipped.post('/v1/messages', goodBody('claude-haiku-4-5'))
        expect(response.status, await response.text()).toBe(502)
        expect(response.headers.get('x-metis-error')).toBe('upstream_bad_response')
      },
    ),
  )

  // Whoever unpacked all of it would find an answer at its end.
  it('cannot blow the gateway up: 80 MB of blanks in 80 kB', () => {
    const bomb = gzipSync(Buffer.concat([Buffer.alloc(80 * 1024 * 1024, ' '), Buffer.from(whole)]), { level: 1 })
    return withProvider(
      (outgoing) => outgoing.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(bomb),
      async (zipped) => {
        const response = await zipped.post('/v1/messages', goodBody('claude-haiku-4-5'))
        expect(response.status, await response.text()).toBe(502)
        expect(response.headers.get('x-metis-error')).toBe('upstream_bad_response')
      },
    )
  })

  it('cannot send a head of more than 16 KiB', () =>
    withProvider(
      (outgoing) => outgoing.writeHead(200, { 'content-type': 'application/json', 'x-flood': 'a'.repeat(20_000) }).end(whole),
      async (zipped) => {
        const response = await zipped.post('/v1/messages', goodBody('claude-haiku-4-5'))
        expect(response.status, await response.text()).toBe(502)
      },
    ))
})
