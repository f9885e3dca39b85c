// On the way out (reliability.md §9): running answers finish, what does not finish is told so and recorded, idle ends at once.
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import type { ConfigFile } from '../../src/config/schema.ts'
import { deferred, eventually, within } from '../support/deadline.ts'
import { openProgramHome, type ProgramHome } from '../support/program-gateway.ts'
import { onBun } from '../support/runtime.ts'

const homes: ProgramHome[] = []
afterEach(async () => {
  for (const home of homes.splice(0)) await home.remove()
})

async function openHome(config?: ConfigFile): Promise<ProgramHome> {
  const home = await openProgramHome(config)
  homes.push(home)
  return home
}

/** Of each turn: its call's error class, and its own status. */
async function statusesOf(home: ProgramHome): Promise<readonly unknown[]> {
  return [...(await home.turns()).values()].map((events) =>
    events.slice(1).map(({ type, payload }) => (type === 'turn.completed' ? payload['status'] : payload['error_class'])),
  )
}

describe('SIGTERM', () => {
  it('lets ten running streams finish, closes each on record, and exits with 0', async () => {
    const home = await openHome()
    const { program, ask } = await home.start()
    home.provider.script(...Array.from({ length: 10 }, () => ({ delayMs: 60 })))
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => ask({ shape: index % 2 === 0 ? 'anthropic' : 'openai' })),
    )
    program.signal('SIGTERM')
    const texts = await Promise.all(answers.map((answer) => answer.text()))
    expect(texts.filter((text) => /message_stop"\}\s*$|\[DONE\]\s*$/.test(text)).length).toBe(10)
    expect(await within(10_000, 'the exit after the last answer', program.ended)).toBe(0)
    expect(await statusesOf(home)).toEqual(Array.from({ length: 10 }, () => [null, 'ok']))
  })

  it('ends an idle gateway without waiting for kept-alive connections', async () => {
    const home = await openHome()
    const { program, ask } = await home.start()
    await (await ask({ stream: false })).text()
    program.signal('SIGTERM')
    expect(await within(10_000, 'the end of an idle gateway', program.ended)).toBe(0)
  })

  // Bun closes a connection that sends a further request while it stops, in the middle of an answer: who pipelines is cut.
  it.runIf(!onBun)('takes no new connection; what comes on one that was there is answered, and is its last', async () => {
    const home = await openHome()
    const { program, ask, port } = await home.start()
    const over = deferred()
    home.provider.script({ holdMid: over.promise }, { holdMid: over.promise })
    const clients = [await openRaw(port), await openRaw(port)]
    const texts = clients.map(() => '')
    clients.forEach((client, nth) => {
      client.setEncoding('utf8').on('data', (chunk: string) => (texts[nth] += chunk))
      client.write(requestText(home))
    })
    const closed = clients.map((client) => once(client, 'close'))
    await eventually(10_000, 'the first events', () => texts.every((text) => text.includes('message_start')))
    program.signal('SIGTERM')
    await eventually(10_000, 'the line that says it stops', () => program.stderr().includes('stopping'))
    clients[0]?.write('GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n')
    clients[1]?.write(requestText(home))
    await expect(ask()).rejects.toThrow()
    over.resolve()
    await within(10_000, 'the end of the connections', Promise.all(closed))
    const [[first = '', readiness = ''] = [], [second = '', last = ''] = []] = texts.map((text) => text.split(/(?=HTTP\/1\.1 )/))
    for (const answer of [first, second, last]) expect(answer).toContain('"type":"message_stop"')
    expect(readiness).toMatch(/^HTTP\/1\.1 503 [^]*connection: close[^]*"reason":"shutting_down"/i)
    expect(last).toMatch(/^HTTP\/1\.1 200 [^]*connection: close/i)
    expect(await within(10_000, 'the exit', program.ended)).toBe(0)
    expect(await statusesOf(home)).toEqual(Array.from({ length: 3 }, () => [null, 'ok']))
  })

  it('tells the rest after drain_ms in the shape of each, and records it as INTERRUPTED', async () => {
    const home = await openHome({ drain_ms: 200 })
    const { program, ask } = await home.start()
    home.provider.script({ fault: 'stall-mid' }, { fault: 'stall-mid' }, { fault: 'stall-first' })
    const streams = [await ask({ shape: 'anthropic' }), await ask({ shape: 'openai' })]
    const unanswered = ask({ stream: false })
    await home.provider.received(3)
    program.signal('SIGTERM')
    const [anthropic = '', openai = ''] = await within(
      10_000,
      'the end of both streams',
      Promise.all(streams.map((one) => one.text())),
    )
    expect(anthropic).toMatch(/event: error\ndata: \{"type":"error","error":\{"type":"overloaded_error".*shutting_down.*\n\n$/)
    expect(anthropic).not.toContain('message_stop')
    expect(openai).toMatch(/data: \{"error":\{.*"code":"shutting_down".*\n\n$/)
    expect(openai).not.toContain('[DONE]')
    const refused = await unanswered
    expect([refused.status, refused.headers.get('x-should-retry')]).toEqual([503, 'true'])
    expect(await within(10_000, 'the exit', program.ended)).toBe(0)
    expect(await statusesOf(home)).toEqual(Array.from({ length: 3 }, () => ['INTERRUPTED', 'interrupted']))
    for (const index of [0, 1, 2]) expect((await home.provider.closed(index)).how).toBe('client-gone')
  })

  it('waits no longer for a client that does not read', async () => {
    const home = await openHome({ drain_ms: 100 })
    const { program, port } = await home.start()
    home.provider.script({ plan: { parts: [{ type: 'text', text: 'x'.repeat(4_000_000) }] } })
    const client = await openRaw(port)
    client.pause()
    client.write(requestText(home))
    await home.provider.received(1)
    program.signal('SIGTERM')
    expect(await within(10_000, 'the exit', program.ended)).toBe(0)
    client.destroy()
    const [status] = await statusesOf(home)
    expect([
      ['INTERRUPTED', 'interrupted'],
      ['CANCELLED', 'cancelled'],
    ]).toContainEqual(status)
  })

  it('a second time ends at once; the next start closes what was left', async () => {
    const home = await openHome()
    const { program, ask } = await home.start()
    home.provider.script({ fault: 'stall-mid' })
    const answer = await ask()
    program.signal('SIGTERM')
    await eventually(10_000, 'the line that says what a second signal does', () => program.stderr().includes('once more'))
    program.signal('SIGTERM')
    expect(await within(10_000, 'the end after the second signal', program.ended)).toBe(143)
    await expect(answer.text()).rejects.toThrow()
    const again = await home.start()
    expect(await statusesOf(home)).toEqual([['INTERRUPTED', 'interrupted']])
    again.program.signal('SIGTERM')
    await again.program.ended
  })
})

async function openRaw(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

function requestText({ token }: ProgramHome): string {
  const body = '{"model":"claude-haiku-4-5","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"x"}]}'
  const head = ['POST /v1/messages HTTP/1.1', 'host: localhost', `x-api-key: ${token}`, 'content-type: application/json']
  return [...head, `content-length: ${body.length}`, '', body].join('\r\n')
}
