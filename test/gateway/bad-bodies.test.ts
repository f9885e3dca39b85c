// Bodies that are no model request (reliability.md §3, §4): refused in the client's shape, without a wait, nothing upstream,
// and the gateway unharmed. And the odd ones that are requests: they arrive upstream byte for byte.
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { within } from '../support/deadline.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import type { JsonObject } from '../support/json.ts'
import { exchange } from './raw-exchange.ts'
import {
  doorCases,
  expectHealthy,
  expectRefusal,
  goodBody,
  otherDoors,
  tooLarge,
  unauthenticated,
  type DoorCase,
  type Refusal,
} from './refusals.ts'

const BODY_LIMIT = 4 * 1024 * 1024
let gateway: TestGateway

beforeAll(async () => {
  gateway = await startTestGateway({ config: { limits: { body_bytes: BODY_LIMIT } } })
})
afterAll(() => gateway.stop())

function send(door: DoorCase, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(gateway.url + door.path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.token}`, ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  })
}

const bodyOf = (door: DoorCase, model: unknown, extra: JsonObject = {}): string =>
  JSON.stringify({ ...(door.body ?? goodBody)(door.native, extra), model })
const good = (door: DoorCase) => bodyOf(door, door.native)
/** The field that holds what is said. */
const saidIn = (door: DoorCase): string => (door.body === undefined ? 'messages' : 'input')
const badJson: Refusal = { status: 400, code: 'invalid_json' }
const badValue: Refusal = { status: 400, code: 'invalid_value' }
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

interface BadBody {
  readonly what: string
  readonly body: (door: DoorCase) => string | Uint8Array
  readonly refusal: Refusal
}

const bodies: readonly BadBody[] = [
  { what: 'cut JSON', body: (door) => good(door).slice(0, -3), refusal: badJson },
  { what: 'nothing', body: () => '', refusal: badJson },
  { what: 'blanks', body: () => ' \n\t ', refusal: badJson },
  { what: 'a number', body: () => '42', refusal: badJson },
  { what: 'null', body: () => 'null', refusal: badJson },
  { what: 'a string', body: () => '"model"', refusal: badJson },
  { what: 'a list', body: () => '[]', refusal: badJson },
  { what: 'a NUL after the object', body: (door) => `${good(door)}\0`, refusal: badJson },
  { what: 'a raw NUL in a string', body: (door) => good(door).replace('hello', 'he\0llo'), refusal: badJson },
  { what: 'UTF-16', body: (door) => Buffer.from(good(door), 'utf16le'), refusal: badJson },
  { what: 'UTF-16 with its mark', body: (door) => Buffer.from(`\ufeff${good(door)}`, 'utf16le'), refusal: badJson },
  { what: 'bad UTF-8', body: (door) => Buffer.from(good(door).replace('hello', '\xff\xfe'), 'latin1'), refusal: badJson },
  { what: 'two documents', body: (door) => good(door) + good(door), refusal: badJson },
  { what: 'form data', body: () => 'model=x&messages=y', refusal: badJson },
  { what: 'lists 129 deep', body: (door) => good(door).replace('64', nested(129)), refusal: badJson },
  { what: 'lists a million deep and open', body: () => '['.repeat(1_000_000), refusal: badJson },
  { what: 'objects 100,000 deep', body: () => '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000), refusal: badJson },
  {
    what: '300,000 fields',
    body: (door) => good(door).replace('{', `{${Array.from({ length: 300_000 }, (_, at) => `"k${at}":0,`).join('')}`),
    refusal: badJson,
  },
  { what: 'a number that overflows', body: (door) => good(door).replace('64', '1e999'), refusal: badJson },
  { what: 'two models', body: (door) => good(door).replace('{', '{"model":"other",'), refusal: badJson },
  { what: 'two models, one escaped', body: (door) => good(door).replace('{', '{"mod\\u0065l":"x",'), refusal: badJson },
  { what: 'stream twice', body: (door) => good(door).replace('{', '{"stream":true,"stream":false,'), refusal: badJson },
  { what: 'what is said twice', body: (door) => good(door).replace('{', `{"${saidIn(door)}":[],`), refusal: badJson },
  { what: 'a model that is a number', body: (door) => bodyOf(door, 7), refusal: badValue },
  { what: 'a model that is a list', body: (door) => bodyOf(door, ['x']), refusal: badValue },
  { what: 'a stream that is a string', body: (door) => bodyOf(door, door.native, { stream: 'yes' }), refusal: badValue },
  { what: 'an object for what is said', body: (door) => bodyOf(door, door.native, { [saidIn(door)]: {} }), refusal: badValue },
  { what: 'a model of a megabyte', body: (door) => bodyOf(door, 'm'.repeat(1_000_000)), refusal: badValue },
]
const saysNothing: BadBody = {
  what: 'nothing said',
  body: (door) => JSON.stringify({ model: door.native }),
  refusal: badValue,
}
/** At the door of Responses a provider may hold what was said. */
const badBodiesAt = ({ path }: DoorCase) => (path === '/v1/responses' ? bodies : [...bodies, saysNothing])

for (const door of [...doorCases, ...otherDoors]) {
  describe(door.path, () => {
    it.each(badBodiesAt(door))('refuses $what', async ({ body, refusal }) => {
      await expectRefusal(gateway, door, refusal, () => send(door, body(door)))
    })

    it('refuses a body above the limit by its content-length', async () => {
      const body = good(door).replace('hello', 'x'.repeat(BODY_LIMIT))
      await expectRefusal(gateway, door, { status: 413, code: 'request_too_large', types: tooLarge }, () => send(door, body))
    })

    it('refuses who shows no key', async () => {
      await expectRefusal(gateway, door, { status: 401, code: 'invalid_api_key', types: unauthenticated }, () =>
        send(door, good(door), { authorization: '' }),
      )
    })

    it('refuses a compressed body, and one that says it is something else than JSON', async () => {
      await expectRefusal(gateway, door, { status: 415, code: 'unsupported_encoding' }, () =>
        send(door, gzipSync(good(door)), { 'content-encoding': 'gzip' }),
      )
      await expectRefusal(gateway, door, { status: 415, code: 'unsupported_media_type' }, () =>
        send(door, good(door), { 'content-type': 'text/plain' }),
      )
    })
  })
}

for (const door of doorCases) {
  describe(`${door.door} door`, () => {
    it('refuses a body above the limit that comes in chunks', async () => {
      const piece = new Uint8Array(256 * 1024).fill(0x20)
      let left = (BODY_LIMIT / piece.length) * 2
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (left-- > 0) controller.enqueue(piece)
          else controller.close()
        },
      })
      await expectRefusal(gateway, door, { status: 413, code: 'request_too_large', types: tooLarge }, () =>
        fetch(gateway.url + door.path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.token}` },
          body,
          duplex: 'half',
        }),
      )
    })

    it.each(['gzip', 'GZIP', 'br', 'gzip, identity'])('refuses a body with content-encoding %s', async (encoding) => {
      await expectRefusal(gateway, door, { status: 415, code: 'unsupported_encoding' }, () =>
        send(door, gzipSync(good(door)), { 'content-encoding': encoding }),
      )
    })

    it('refuses a bomb without blowing it up: by its head, before any of it has come', async () => {
      const head = [
        `POST ${door.path} HTTP/1.1`,
        'host: localhost',
        `authorization: Bearer ${gateway.token}`,
        'content-type: application/json',
        'content-encoding: gzip',
        'content-length: 200000',
      ]
      const { statuses, text, closed } = await exchange(gateway.url, `${head.join('\r\n')}\r\n\r\n`)
      expect([statuses, closed]).toEqual([[415], true])
      expect(text).toContain('unsupported_encoding')
    })

    it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonp'])(
      'refuses content-type %s',
      async (type) => {
        await expectRefusal(gateway, door, { status: 415, code: 'unsupported_media_type' }, () =>
          send(door, good(door), { 'content-type': type }),
        )
      },
    )

    it('never says back more than a little of what the client sent, and stores no more', async () => {
      const name = `nobody:${'<script>alert(1)</script>'.repeat(7)}`
      const error = await expectRefusal(
        gateway,
        door,
        { status: 404, code: 'model_not_found', types: { anthropic: 'not_found_error', openai: 'invalid_request_error' } },
        () => send(door, JSON.stringify(goodBody(name))),
      )
      expect(String(error['message']).length).toBeLessThan(600)
      const events = await gateway.events()
      for (const { payload } of events) expect(String(payload['requested_model'] ?? '').length).toBeLessThanOrEqual(200)
    })

    it.each([
      ['a 64-bit integer', '"seed":9007199254740993'],
      ['a float with a zero', '"max_tokens":64.0'],
      ['__proto__ as data', '"metadata":{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'],
      ['blanks, key order and escapes', '"x-b" : 1 ,\n\t"x-a":"\\u00e9\\ud83d\\ude00"'],
      ['unknown fields', '"x_new":{"nested":[1,{"deep":null}]}'],
    ])('passes %s on untouched to a provider of its own wire', async (_what, field) => {
      const text = `{ "model" : ${JSON.stringify(door.native)}, "messages":[{"role":"user","content":"hi"}], ${field} }`
      const response = await send(door, text)
      expect(response.status, await response.text()).toBe(200)
      expect(gateway.provider.at(-1).text).toBe(text)
      expect(Reflect.get({}, 'polluted')).toBeUndefined()
    })

    it.each(['gpt-日本語', 'a\r\nset-cookie = x', 'ünïcode', 'half \ud83d a pair', ' ', '😀'.repeat(100)])(
      'answers for a model called %j without letting it into the head',
      async (name) => {
        const response = await send(door, JSON.stringify(goodBody(name)))
        expect(response.status, await response.text()).toBe(200)
        expect(response.headers.get('x-metis-model')).toMatch(/^[\x20-\x7e]+$/)
        expect(response.headers.has('set-cookie')).toBe(false)
        await expectHealthy(gateway, door)
      },
    )

    it('reads an object of 200,000 keys in linear time', async () => {
      const keys = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`k${index}`, index]))
      // A fraction of a second; were each compared with those before it, twenty thousand million comparisons.
      const response = await within(10_000, 'the answer', send(door, JSON.stringify(goodBody(door.native, { metadata: keys }))))
      expect(response.status, await response.text()).toBe(200)
      await expectHealthy(gateway, door)
    })
  })
}
