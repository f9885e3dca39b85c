// Same shape in and out is lossless (translation.md §1, rule 1), over sockets: every recorded stream reaches the client byte for
// byte, in whatever pieces it comes, and every request reaches the provider with nothing changed but the model's name.
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { parseObject, textOf } from '../support/json.ts'
import { doorCases, type DoorCase } from './refusals.ts'

const folder = new URL('../fixtures/', import.meta.url)
const scenarios = (wire: DoorCase['door']) => readdirSync(new URL(`${wire}/`, folder))
const streamOf = (wire: DoorCase['door'], scenario: string) => readFileSync(new URL(`${wire}/${scenario}/stream.sse`, folder))

/** No answer ever begins: an error status, not a stream. */
const neverBegin = new Set(['error-first', 'error-first-frame', 'error-object-vllm', 'html', 'nothing'])
/** Behind the provider's own error nothing is owed. */
const endsAfterError = new Set(['error-beside-choices'])
/** They break off: the frames that came, then an error frame. */
const brokenOff = new Set(['cut-before-end', 'cut-mid-frame', 'cut-between-frames'])

let gateway: TestGateway
let provider: Server
/** As they came, newest last. */
const received: string[] = []

/** Plays the scenario that the model is named after, in pieces of as many bytes as it says: `text~7`. */
async function startProvider(): Promise<string> {
  provider = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString('utf8')
    received.push(body)
    const [scenario = '', size = ''] = textOf(parseObject(body)['model']).split('~')
    const bytes = streamOf(incoming.url === '/v1/messages' ? 'anthropic' : 'openai', scenario)
    const step = Number(size) || bytes.length
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
    for (let at = 0; at < bytes.length; at += step) {
      outgoing.write(bytes.subarray(at, at + step))
      await turnOfTheLoop()
    }
    outgoing.end()
  }).listen(0, '127.0.0.1')
  await once(provider, 'listening')
  const address = provider.address()
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

beforeAll(async () => {
  const url = await startProvider()
  gateway = await startTestGateway({
    config: {
      limits: { max_retries: 0 },
      providers: {
        anthropic: { wire: 'anthropic', base_url: url, api_key: 'sk-ant-mock-provider-key' },
        openai: { wire: 'openai', base_url: `${url}/v1`, api_key: 'sk-mock-provider-key' },
      },
    },
  })
})
afterAll(async () => {
  await gateway.stop()
  provider.closeAllConnections()
  provider.close()
})

/** Written as no printer would: what is re-printed somewhere does not come out like this. */
function bodyText(model: string, rest = ''): string {
  return `{ "stream" : true,\n\t"model":"${model}" ,"seed":12345678901234567890, "max_tokens": 64.0,${rest}"messages":[ {"content":"h\\u0069 \\/ ✓","role":"user"} ]}`
}

const askUsage = '"stream_options":{"include_usage":true},'

for (const door of doorCases) {
  describe(`${door.door} wire`, () => {
    describe.each(scenarios(door.door))('%s', (scenario) => {
      it.each([0, 1, 7, 64])('reaches the client as it came, in pieces of %i bytes', async (size) => {
        const sent = bodyText(`${door.door}:${scenario}~${size}`, askUsage)
        const response = await gateway.post(door.path, sent)
        const got = Buffer.from(await response.arrayBuffer()).toString('utf8')
        expect(received.at(-1)).toBe(sent.replace(`${door.door}:${scenario}`, scenario))
        if (neverBegin.has(scenario)) {
          expect(response.status, got).toBeGreaterThanOrEqual(400)
          expect(response.headers.get('content-type')).toBe('application/json')
          return
        }
        expect(response.status, got).toBe(200)
        const came = streamOf(door.door, scenario).toString('utf8')
        if (brokenOff.has(scenario)) {
          const whole = came.slice(0, came.lastIndexOf('\n\n') + 2)
          expect(got.slice(0, whole.length)).toBe(whole)
          expect(got.slice(whole.length)).toContain('"error"')
        } else if (endsAfterError.has(scenario)) {
          expect([came, came.replace('data: [DONE]\n\n', '')]).toContain(got)
        } else {
          expect(got).toBe(came)
        }
      })
    })
  })
}

describe('usage that the client did not ask for', () => {
  const hasUsageChunk = ['text', 'unicode', 'parallel-tools-interleaved', 'usage-only-in-last-chunk', 'last-frame-unterminated']
  it.each(hasUsageChunk.flatMap((scenario) => [0, 1, 7, 64].map((size) => ({ scenario, size }))))(
    'is asked of the provider and kept from the client: $scenario in pieces of $size bytes',
    async ({ scenario, size }) => {
      const sent = bodyText(`openai:${scenario}~${size}`)
      const response = await gateway.post('/v1/chat/completions', sent)
      const got = await response.text()
      const came = streamOf('openai', scenario).toString('utf8')
      const frames = came.split(/(?<=\n\n)/)
      const visible = frames.filter((frame) => !/"choices":\s*\[\]/.test(frame))
      expect(visible.length).toBe(frames.length - 1)
      expect(got).toBe(visible.join(''))
      const upstream = received.at(-1) ?? ''
      expect(parseObject(upstream)['stream_options']).toEqual({ include_usage: true })
      // Taken out again, the rest is what the client wrote.
      expect(upstream.replace(/,"stream_options":\{"include_usage":true\}/, '')).toBe(sent.replace('openai:', ''))
    },
  )
})
