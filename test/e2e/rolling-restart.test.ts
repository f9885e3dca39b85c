// A new version, one gateway after the other, while clients go on asking: two gateways on one database behind nginx, with the file
// that docs/deployment.md gives away.
import { request } from 'node:https'
import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { parse } from 'yaml'
import { configFile } from '../../src/config/schema.ts'
import { eventually, within } from '../support/deadline.ts'
import { freePort } from '../support/free-port.ts'
import { root } from '../support/import-graph.ts'
import { openProgramHome, type ProgramGateway, type ProgramHome } from '../support/program-gateway.ts'
import { reverseProxies, type ReverseProxy } from '../support/reverse-proxies.ts'

const deployed = configFile.parse(parse(readFileSync(join(root, 'examples/deploy/config.yaml'), 'utf8')))
const startProxy = reverseProxies.nginx
const why = startProxy === null ? ' (skipped: this machine has no nginx, or no openssl)' : ''

const clients = 8

/** As the vendors' SDKs do it. */
const retries = 2

interface Outcome {
  readonly status: number
  readonly text: string
}

let home: ProgramHome | undefined
let proxy: ReverseProxy | undefined
afterEach(async () => {
  await proxy?.stop()
  await home?.remove()
})

function ask({ port, certificate }: ReverseProxy, token: string): Promise<Outcome> {
  const body = JSON.stringify({
    model: 'claude-haiku-4-5',
    stream: true,
    max_tokens: 64,
    messages: [{ role: 'user', content: 'Say hello in one word.' }],
  })
  const host = 'llm.example.com'
  const headers = { host, authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const to = { host: '127.0.0.1', port, servername: host, ca: certificate, method: 'POST', path: '/v1/messages', agent: false }
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...to, headers: { ...headers, 'content-length': body.length } }, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      incoming.once('error', reject)
      incoming.once('end', () => {
        resolve({ status: incoming.statusCode ?? 0, text })
      })
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

it.skipIf(startProxy === null)(
  `each of two is stopped and started again: no answer is cut, and a client that retries has no failure${why}`,
  async () => {
    if (startProxy === null) return
    const opened = (home = await openProgramHome(deployed))
    const ports = [await freePort(), await freePort()]
    const start = (port: number): Promise<ProgramGateway> => opened.start('--port', String(port))
    const gateways = await Promise.all(ports.map(start))
    const folder = mkdtempSync(join(opened.home, 'proxy-'))
    const gateway = ports.map((port) => `127.0.0.1:${port}`).join(' max_fails=0; server ')
    const nginx = (proxy = await startProxy({ folder, gateway, serve: '127.0.0.1:9' }))

    const started: ProgramGateway[] = []
    const stopping = new AbortController()
    const outcomes: Outcome[] = []
    let asked = 0
    async function askLikeAnSdk(left = retries): Promise<Outcome> {
      asked += 1
      const outcome = await ask(nginx, opened.token)
      return outcome.status >= 500 && left > 0 ? askLikeAnSdk(left - 1) : outcome
    }
    const asking = Array.from({ length: clients }, async () => {
      while (!stopping.signal.aborted) outcomes.push(await askLikeAnSdk())
    })
    const more = async (): Promise<void> => {
      const had = outcomes.length
      await eventually(10_000, 'more answers', () => outcomes.length > had + 3 * clients)
    }
    await more()
    for (const [nth, one] of gateways.entries()) {
      one.program.signal('SIGTERM')
      await more()
      expect(await within(10_000, 'its end', one.program.ended)).toBe(0)
      started.push(await start(ports[nth] ?? 0))
      await more()
    }
    stopping.abort()
    await within(10_000, 'the last answers', Promise.all(asking))
    // All is on record when they have ended.
    for (const { program } of started) program.signal('SIGTERM')
    await within(10_000, 'the end of both', Promise.all(started.map(({ program }) => program.ended)))
    const whole = outcomes.filter(({ status, text }) => status === 200 && /message_stop"\}\s*$/.test(text))
    expect(whole.length).toBe(outcomes.length)
    // What nginx sends in the very moment a connection closes fails. Of one stop there are two: when a gateway takes no more
    // connections, and when it closes idle ones.
    expect(asked - outcomes.length).toBeLessThanOrEqual(gateways.length * 2 * clients)
    // What failed had reached no gateway: nothing is paid twice.
    const ended = [...(await opened.turns()).values()].map((events) => events.at(-1)?.payload['status'])
    expect([ended.length, new Set(ended)]).toEqual([outcomes.length, new Set(['ok'])])
  },
)
