// What a socket may do before the core hears of it (reliability.md §3), over real sockets.
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { request as httpRequest, Agent } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listen, type Listening } from '../../runtimes/node/listen.ts'
import { createReadBody, nodeReadBody } from '../../runtimes/node/read-body.ts'
import { nodeRespond } from '../../runtimes/node/respond.ts'
import { GatewayError } from '../../src/ir/errors.ts'
import { eventually, within } from '../support/deadline.ts'

let listening: Listening
let asked = 0
/** What the core does with a body: reads it up to 1 MiB, or says that it is too large. */
beforeAll(async () => {
  listening = await listen(
    async (request) => {
      asked += 1
      if (request.url.endsWith('/unread')) return nodeRespond(401, { 'content-type': 'text/plain' }, 'not read')
      if (request.url.endsWith('/throws')) throw new Error('a defect')
      if (request.url.endsWith('/hono'))
        return new Response('made elsewhere', { status: 203, headers: { 'x-made': 'elsewhere' } })
      if (request.method === 'GET' || request.method === 'HEAD') return nodeRespond(200, { 'x-kept': 'yes' }, 'hello')
      try {
        const body = await nodeReadBody(request, 1024 * 1024)
        return nodeRespond(200, {}, String(body.byteLength))
      } catch (error) {
        return nodeRespond(
          error instanceof GatewayError ? error.status : 500,
          {},
          error instanceof GatewayError ? error.code : 'x',
        )
      }
    },
    { port: 0 },
  )
})
afterAll(() => listening.close(0))

async function open(port = listening.port): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** Everything the server says until it closes. */
async function conversation(...writes: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = await open()
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const closed = once(socket, 'close')
  for (const bytes of writes) if (!socket.write(bytes)) await Promise.race([once(socket, 'drain'), closed])
  await within(10_000, 'the server to close', closed)
  return text
}

const head = (...lines: readonly string[]): string => ['POST / HTTP/1.1', 'host: localhost', ...lines, '', ''].join('\r\n')

describe('heads', () => {
  it('of more than 16 KiB get 431', async () => {
    expect(await conversation(head(`x-large: ${'x'.repeat(17 * 1024)}`))).toMatch(/^HTTP\/1\.1 431 /)
  })

  it('just below 16 KiB are read', async () => {
    expect(await conversation(head(`x-large: ${'x'.repeat(15 * 1024)}`, 'content-length: 0', 'connection: close'))).toMatch(
      /^HTTP\/1\.1 200 /,
    )
  })

  it('of more than 100 lines get 431, and the core is not asked', async () => {
    const before = asked
    const lines = Array.from({ length: 101 }, (_, index) => `x-${index}: 1`)
    expect(await conversation(head(...lines, 'content-length: 0'))).toMatch(/^HTTP\/1\.1 431 /)
    expect(asked).toBe(before)
  })

  it.each([
    ['two lengths', head('content-length: 1', 'content-length: 2')],
    ['a length and chunks', head('content-length: 3', 'transfer-encoding: chunked') + '0\r\n\r\n'],
    ['a blank before a colon', head('content-length : 0')],
    ['no HTTP at all', '\u0016\u0003\u0001 hello\r\n\r\n'],
  ])('with %s get 400, and the connection is closed', async (_, text) => {
    const before = asked
    expect(await conversation(text)).toMatch(/^HTTP\/1\.1 400 /)
    expect(asked).toBe(before)
  })
})

describe('a body', () => {
  it('that says it is too large gets an answer that can be read while the client is still sending', async () => {
    const socket = await open()
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    const closed = once(socket, 'close')
    socket.write(head(`content-length: ${8 * 1024 * 1024}`))
    const megabyte = Buffer.alloc(1024 * 1024, 0x61)
    for (let sent = 0; sent < 8; sent++) {
      if (!socket.write(megabyte)) await Promise.race([once(socket, 'drain'), closed])
      if (sent === 3)
        await eventually(10_000, 'the refusal, half of the body being still to come', () => text.includes('too_large'))
    }
    await within(10_000, 'the end', closed)
    expect(text).toMatch(/^HTTP\/1\.1 413 [^]*connection: close[^]*request_too_large$/i)
  })

  it('in chunks is counted as it comes, whatever it says', async () => {
    const piece = `40000\r\n${'x'.repeat(0x40000)}\r\n`
    const text = await conversation(head('transfer-encoding: chunked'), ...Array.from({ length: 8 }, () => piece), '0\r\n\r\n')
    expect(text).toMatch(/^HTTP\/1\.1 413 [^]*request_too_large$/)
  })

  it('at the limit is read whole', async () => {
    const text = await conversation(head(`content-length: ${1024 * 1024}`, 'connection: close'), Buffer.alloc(1024 * 1024))
    expect(text).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\n1048576$/)
  })

  it('that nobody wants is discarded, so that the refusal is read; one that never ends costs two seconds', async () => {
    const socket = await open()
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    const closed = once(socket, 'close')
    const startedMs = performance.now()
    socket.write(head('content-length: 1000000').replace('POST /', 'POST /unread'))
    await eventually(10_000, 'the refusal, while the body is still to come', () => text.includes('not read'))
    await within(10_000, 'the end of the patience', closed)
    expect(performance.now() - startedMs).toBeGreaterThan(1800)
  })
})

describe('an answer', () => {
  it('to HEAD has the length and no body', async () => {
    const text = await conversation('HEAD / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\nx-kept: yes\r\ncontent-length: 5\r\n[^]*\r\n\r\n$/i)
  })

  it('that was made as a web Response goes out as it is', async () => {
    const answer = await fetch(`http://127.0.0.1:${listening.port}/hono`)
    expect([answer.status, answer.headers.get('x-made'), await answer.text()]).toEqual([203, 'elsewhere', 'made elsewhere'])
  })

  it('of a core that throws is a 500 that tells nothing', async () => {
    const answer = await fetch(`http://127.0.0.1:${listening.port}/throws`)
    expect([answer.status, await answer.text()]).toEqual([500, '{"error":{"message":"internal error","code":"internal_error"}}'])
  })

  it('leaves its connection open for the next: 50 requests on one', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ports = new Set<number | undefined>()
    for (let count = 0; count < 50; count++) {
      const call = httpRequest({ agent, port: listening.port, host: '127.0.0.1', method: 'POST' })
      call.end('x'.repeat(count))
      const [answer] = await once(call, 'response')
      ports.add(call.socket?.localPort)
      expect(answer.statusCode).toBe(200)
      answer.resume()
      await once(answer, 'end')
    }
    agent.destroy()
    expect(ports.size).toBe(1)
  })

  it('to a pipelined request follows the one before', async () => {
    const get = 'GET / HTTP/1.1\r\nhost: localhost\r\n'
    const text = await conversation(`${get}\r\n${get}\r\n${get}connection: close\r\n\r\n`)
    expect(text.match(/HTTP\/1\.1 200/g)?.length).toBe(3)
  })
})

describe('connections', () => {
  it('beyond the limit get 503 at once, and those that are open go on', async () => {
    const crowded = await listen(async () => nodeRespond(200, {}, 'ok'), {
      port: 0,
      host: '127.0.0.1',
      limits: { connections: 4 },
    })
    try {
      const [early, ...others] = await Promise.all(Array.from({ length: 4 }, () => open(crowded.port)))
      const late = await open(crowded.port)
      const [refusal] = await within(10_000, 'the refusal', once(late.setEncoding('utf8'), 'data'))
      expect(refusal).toMatch(/^HTTP\/1\.1 503 [^]*retry-after: 1\r\n/)
      early?.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
      const [answer] = await within(10_000, 'the answer', once(early?.setEncoding('utf8') ?? late, 'data'))
      expect(answer).toMatch(/^HTTP\/1\.1 200 /)
      for (const socket of others) socket.destroy()
    } finally {
      await crowded.close(0)
    }
  })
})

/** The usual limits are 10 s for a head, 20 s of silence in a body and 300 s for it all: here in milliseconds. */
describe('a client that is slow', () => {
  let patient: Listening
  const readBody = createReadBody(150)
  beforeAll(async () => {
    patient = await listen(
      (request) =>
        readBody(request, 1024).then(
          (body) => nodeRespond(200, {}, String(body.byteLength)),
          (error: unknown) => nodeRespond(error instanceof GatewayError ? error.status : 500, {}, String(error)),
        ),
      { port: 0, host: '127.0.0.1', limits: { headMs: 150, requestMs: 600, checkMs: 20 } },
    )
  })
  afterAll(() => patient.close(0))

  /** Sends the first text, then one more piece every `everyMs`, until the server closes. */
  async function dripping(first: string, piece: string, everyMs: number): Promise<string> {
    const socket = await open(patient.port)
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    const closed = once(socket, 'close')
    socket.write(first)
    const drip = setInterval(() => socket.write(piece), everyMs)
    await within(10_000, 'the server to close', closed).finally(() => clearInterval(drip))
    return text
  }

  it('with its head gets 408, however steadily it drips', async () => {
    expect(await dripping('POST / HTTP/1.1\r\nhost: localhost\r\n', 'x-more: 1\r\n', 20)).toMatch(/^HTTP\/1\.1 408 /)
  })

  it('with its body gets 408 after a silence', async () => {
    expect(await dripping(head('content-length: 100') + 'x', '', 10_000)).toMatch(/^HTTP\/1\.1 408 [^]*The request body stopped/)
  })

  it('with its body gets 408 when it never ends, however steadily it drips', async () => {
    expect(await dripping(head('transfer-encoding: chunked'), '1\r\nx\r\n', 50)).toMatch(/^HTTP\/1\.1 408 /)
  })

  it('but steady enough is read to its end, although that takes longer than it may be silent', async () => {
    const readSteady = createReadBody(1500)
    const steady = await listen(
      (request) => readSteady(request, 1024).then((body) => nodeRespond(200, {}, String(body.byteLength))),
      { port: 0, host: '127.0.0.1' },
    )
    try {
      const socket = await open(steady.port)
      const answered = once(socket.setEncoding('utf8'), 'data')
      socket.write(head('content-length: 5'))
      const drip = setInterval(() => socket.write('x'), 400)
      const [answer] = await within(10_000, 'the answer', answered).finally(() => clearInterval(drip))
      expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\n5$/)
      socket.destroy()
    } finally {
      await steady.close(0)
    }
  })
})
