// Behind a reverse proxy with the files that docs/deployment.md gives away: TLS, HTTP/1.1 and 2, streams, clients that leave,
// whose word on addresses is taken, and serve with its admin token.
import { connect } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { configFile } from '../../src/config/schema.ts'
import { eventually, within } from '../support/deadline.ts'
import { root } from '../support/import-graph.ts'
import { objectOf, parseObject } from '../support/json.ts'
import { openProgramHome, type ProgramGateway, type ProgramHome } from '../support/program-gateway.ts'
import { startProgram, type Program } from '../support/program.ts'
import { reverseProxies, type ReverseProxy } from '../support/reverse-proxies.ts'

const adminToken = 'the-admin-token-of-this-test'
const deployed = configFile.parse(parse(readFileSync(join(root, 'examples/deploy/config.yaml'), 'utf8')))

interface Asked {
  readonly host?: string
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** An answer whose body has not all come yet. */
interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** What has come so far. */
  text(): string
  readonly ended: Promise<void>
}

interface Exchange {
  readonly answer: Promise<Answer>
  leave(): void
}

const messages = [{ role: 'user', content: 'Say hello in one word.' }]
const question = (stream: boolean): string => JSON.stringify({ model: 'claude-haiku-4-5', stream, max_tokens: 64, messages })

function over1({ port, certificate }: ReverseProxy, asked: Asked): Exchange {
  const { host = 'llm.example.com', method = 'POST', path = '/v1/messages', headers = {}, body = '' } = asked
  const outgoing = httpsRequest({
    host: '127.0.0.1',
    port,
    servername: host,
    ca: certificate,
    method,
    path,
    headers: { host, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
    agent: false,
  })
  const answer = new Promise<Answer>((resolve, reject) => {
    outgoing.once('error', reject)
    outgoing.once('response', (incoming) => {
      const text = collect(incoming)
      const ended = new Promise<void>((done) => void incoming.once('close', () => done()))
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, ended })
    })
  })
  outgoing.end(body)
  return { answer, leave: () => outgoing.destroy() }
}

function over2({ port, certificate }: ReverseProxy, asked: Asked): Exchange {
  const { host = 'llm.example.com', method = 'POST', path = '/v1/messages', headers = {}, body = '' } = asked
  const session = connect(`https://127.0.0.1:${port}`, { ca: certificate, servername: host })
  const stream = session.request({
    ':method': method,
    ':path': path,
    ':authority': host,
    'content-type': 'application/json',
    ...headers,
  })
  const ended = new Promise<void>((done) => void stream.once('close', () => done(session.close())))
  const answer = new Promise<Answer>((resolve, reject) => {
    for (const one of [session, stream]) one.once('error', reject)
    const text = collect(stream)
    stream.once('response', (got) => resolve({ status: Number(got[':status']), headers: got, text, ended }))
  })
  stream.end(body)
  return { answer, leave: () => stream.close() }
}

function collect(incoming: NodeJS.ReadableStream): () => string {
  let text = ''
  incoming.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  incoming.on('error', () => undefined)
  return () => text
}

for (const [name, start] of Object.entries(reverseProxies)) {
  if (start === null) {
    describe(`behind ${name}`, () => it.skip('is skipped: this machine does not have it, or no openssl', () => undefined))
    continue
  }
  describe(`behind ${name}`, () => {
    let home: ProgramHome
    let gateway: ProgramGateway
    let serve: Program
    let proxy: ReverseProxy

    beforeAll(async () => {
      home = await openProgramHome({ ...deployed, limits: { auth_failures_per_minute: 3, body_bytes: 100_000 } })
      gateway = await home.start()
      const env = { METIS_DB: home.db, METIS_ADMIN_TOKEN: adminToken }
      serve = startProgram(['serve', '--port', '0', '--config', join(home.home, 'config.yaml')], { home: home.home, env })
      const [, at = ''] = await serve.printed(/serve is on http:\/\/([\w.:]+)/)
      const folder = mkdtempSync(join(home.home, 'proxy-'))
      proxy = await start({ folder, gateway: new URL(gateway.url).host, serve: at })
    })
    afterAll(async () => {
      await proxy.stop()
      serve.signal('SIGKILL')
      await serve.ended
      await home.remove()
    })

    const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
    const ask = (asked: Asked) => over1(proxy, asked).answer

    async function whole(asked: Asked): Promise<{ status: number; headers: Answer['headers']; text: string }> {
      const { status, headers, text, ended } = await ask(asked)
      await within(10_000, 'the whole answer', ended)
      return { status, headers, text: text() }
    }

    const wires = [
      ['HTTP/1.1', over1],
      ['HTTP/2', over2],
    ] as const

    it.each(wires)('over %s a stream comes piece by piece, and a client that leaves stops the provider', async (_, over) => {
      const nth = home.provider.requests.length
      home.provider.script({ fault: 'stall-mid' })
      const exchange = over(proxy, { headers: bearer(home.token), body: question(true) })
      const answer = await exchange.answer
      expect(answer.headers['content-type']).toMatch(/^text\/event-stream/)
      // The provider has sent half of it and says no more: what came came unbuffered.
      await eventually(10_000, 'the first words', () => answer.text().includes('content_block_delta'))
      expect(answer.text()).not.toContain('message_stop')
      exchange.leave()
      expect((await home.provider.closed(nth)).how).toBe('client-gone')
      const turnId = String(answer.headers['x-metis-turn-id'])
      const call = await eventually(10_000, 'the record', async () => (await home.turns()).get(turnId)?.[1])
      expect(call.payload).toMatchObject({ error_class: 'CANCELLED', attempts: 1 })
    })

    it.each(wires)('over %s a client that leaves before the first byte stops the provider', async (_, over) => {
      const nth = home.provider.requests.length
      home.provider.script({ fault: 'stall-first' })
      const exchange = over(proxy, { headers: bearer(home.token), body: question(false) })
      exchange.answer.catch(() => undefined)
      await home.provider.received(nth + 1)
      exchange.leave()
      expect((await home.provider.closed(nth)).how).toBe('client-gone')
    })

    it('whole answers and whole streams come through', async () => {
      const json = await whole({ headers: bearer(home.token), body: question(false) })
      expect([json.status, objectOf(parseObject(json.text))['type']]).toEqual([200, 'message'])
      const stream = await whole({ headers: bearer(home.token), body: question(true) })
      expect(stream.text).toContain('message_stop')
    })

    it('what is too large is refused by the gateway, in the words of the client’s wire', async () => {
      const body = JSON.stringify({
        model: 'claude-haiku-4-5',
        max_tokens: 1,
        messages: [{ role: 'user', content: 'x'.repeat(2e6) }],
      })
      const { status, text } = await whole({ headers: bearer(home.token), body })
      expect([status, objectOf(parseObject(text)['error'])['type']]).toEqual([413, 'request_too_large'])
    })

    it('metrics stay inside', async () => {
      expect((await whole({ method: 'GET', path: '/metrics' })).status).toBe(404)
      expect((await fetch(`${gateway.url}/metrics`)).status).toBe(200)
    })

    describe('whose word on addresses is taken', () => {
      /** Statuses of bad keys, of which an address has three a minute; this machine's own are not counted. */
      async function knock(knocks: number, forwardedFor: (nth: number) => string): Promise<readonly number[]> {
        const statuses: number[] = []
        for (let nth = 0; nth < knocks; nth++) {
          const headers = { ...bearer('gw_wrong'), 'x-forwarded-for': forwardedFor(nth) }
          statuses.push((await whole({ headers, body: question(false) })).status)
        }
        return statuses
      }

      if (name === 'nginx') {
        it('the proxy’s: whom it heard last counts, whatever a client writes before', async () => {
          // The test's own address, 127.0.0.1, is trusted, as a load balancer in front of nginx would be.
          expect(await knock(4, () => '203.0.113.9')).toEqual([401, 401, 401, 429])
          expect(await knock(1, (nth) => `198.51.100.${nth}, 203.0.113.9`)).toEqual([429])
          expect(await knock(1, () => '203.0.113.10')).toEqual([401])
        })
      } else {
        it('the proxy’s, which believes no client', async () => {
          expect(await knock(5, () => '203.0.113.9')).toEqual([401, 401, 401, 401, 401])
        })
      }

      it('nobody’s, when the proxy is not one of trusted_proxies', async () => {
        const config = join(home.home, 'untrusting.yaml')
        const { trusted_proxies: _, ...rest } = configFile.parse(parse(readFileSync(join(home.home, 'config.yaml'), 'utf8')))
        writeFileSync(config, stringify(rest), { mode: 0o600 })
        const untrusting = await home.start('--config', config)
        const folder = mkdtempSync(join(home.home, 'proxy-'))
        const between = await start({ folder, gateway: new URL(untrusting.url).host, serve: '127.0.0.1:1' })
        const asked = { headers: { ...bearer('gw_wrong'), 'x-forwarded-for': '203.0.113.77' }, body: question(false) }
        const statuses: number[] = []
        for (let nth = 0; nth < 5; nth++) statuses.push((await over1(between, asked).answer).status)
        await between.stop()
        expect(statuses).toEqual([401, 401, 401, 401, 401])
      })
    })

    it('serve asks for the admin token, and its cookie is one of TLS', async () => {
      const host = 'metis.example.com'
      const read = (headers: Readonly<Record<string, string>>) => whole({ host, method: 'GET', path: '/analytics/cost', headers })
      expect((await read({})).status).toBe(401)
      expect((await read(bearer(adminToken))).status).toBe(200)
      const body = JSON.stringify({ token: adminToken })
      const signedIn = await whole({ host, path: '/admin/session', headers: { origin: `https://${host}` }, body })
      const [cookie = ''] = [signedIn.headers['set-cookie'] ?? ''].flat()
      expect(cookie).toMatch(/^__Host-metis_session=.*; HttpOnly; SameSite=Strict; Secure$/)
      expect((await read({ cookie: cookie.split(';')[0] ?? '' })).status).toBe(200)
    })
  })
}
