// Clients that leave, at every moment at which they can (reliability.md §9): the provider is told at once, nothing is
// tried again, and the trace says CANCELLED with what was delivered.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { times, type Script } from '../support/scripts.ts'
import { onBun } from '../support/runtime.ts'
import { turnOf } from './fault-cases.ts'
import { doorCases, expectHealthy, goodBody } from './refusals.ts'

/** A defect would tell with a keep-alive, after 15 s, or with the end of an answer that takes longer than that. */
const atOnceMs = 7_000
const longAnswer = { parts: [{ type: 'text', text: 'word '.repeat(5_000) }] } as const

let gateway: TestGateway

beforeEach(async () => {
  gateway = await startTestGateway()
})
afterEach(() => gateway.stop())

interface Moment {
  readonly what: string
  readonly script: Script
  readonly stream: boolean
  /** Of the answer; the client leaves when it has seen so many, or as soon as the provider has the request. */
  readonly reads: number
}

const moments: readonly Moment[] = [
  { what: 'before the first byte of a stream', script: { fault: 'stall-first' }, stream: true, reads: 0 },
  { what: 'behind the head, before the first event', script: { fault: 'stall-head' }, stream: true, reads: 0 },
  { what: 'in the middle of a running stream', script: { delayMs: 30, plan: longAnswer }, stream: true, reads: 2 },
  { what: 'in the middle of a stalled stream', script: { fault: 'stall-mid' }, stream: true, reads: 1 },
  { what: 'while a whole answer is made', script: { fault: 'stall-first' }, stream: false, reads: 0 },
  { what: 'in the middle of a whole answer', script: { fault: 'stall-mid' }, stream: false, reads: 0 },
]

for (const door of doorCases) {
  for (const kind of ['same', 'across'] as const) {
    const model = kind === 'same' ? door.native : door.foreign
    describe(`${door.door} door, ${kind === 'same' ? 'same shape' : 'across shapes'}`, () => {
      it.each(moments)('stops the provider when its client leaves $what', async ({ script, stream, reads }) => {
        gateway.provider.script(script)
        const abort = new AbortController()
        const asking = gateway.post(door.path, goodBody(model, { stream }), { signal: abort.signal })
        asking.catch(() => undefined)
        await gateway.provider.received(1)
        if (reads > 0) {
          const reader = (await asking).body?.getReader()
          for (let nth = 0; nth < reads; nth++) await reader?.read()
        }
        abort.abort()
        expect((await gateway.provider.closed(0, atOnceMs)).how).toBe('client-gone')
        const opened = (await gateway.events()).find(({ type }) => type === 'route.decided')
        const turn = await turnOf(gateway, opened?.turnId ?? '')
        expect(turn.types).toEqual(['route.decided', 'llm.call_completed', 'turn.completed'])
        expect(turn.call).toMatchObject({
          error_class: 'CANCELLED',
          usage_estimated: true,
          cost_basis: 'partial_estimate',
          attempts: 1,
        })
        expect(turn.call['input_tokens']).toBeGreaterThan(0)
        if (reads > 0 && door.door === 'anthropic') expect(turn.call['output_tokens']).toBeGreaterThan(0)
        expect(turn.completed).toMatchObject({ status: 'cancelled' })
        expect(gateway.provider.requests.length, 'no second attempt').toBe(1)
        await expectHealthy(gateway, door)
      })
    })
  }

  it(`${door.door} door: 50 that leave together are all told on at once`, async () => {
    gateway.provider.script(...times(50, { fault: 'stall-mid' }))
    const abort = new AbortController()
    const readers = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const response = await gateway.post(door.path, goodBody(door.native, { stream: true }), { signal: abort.signal })
        await response.body?.getReader().read()
      }),
    )
    expect(readers.length).toBe(50)
    abort.abort()
    const closings = await Promise.all(Array.from({ length: 50 }, (_unused, index) => gateway.provider.closed(index, atOnceMs)))
    for (const { how } of closings) expect(how).toBe('client-gone')
  })
}

it('mixes up nobody: 200 at once, each gets what it asked for', async () => {
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_unused, index) => {
      const door = doorCases[index % 2] ?? doorCases[0]
      if (door === undefined) return true
      const model = index % 4 < 2 ? door.native : door.foreign
      const word = `pineapple-${index}-`
      const body = { ...goodBody(model, { stream: index % 3 === 0 }), messages: [{ role: 'user', content: word }] }
      const text = await (await gateway.post(door.path, body)).text()
      // A stream carries the words in pieces; put together they are whole again.
      const said = [...text.matchAll(/"(?:text|content)":"((?:[^"\\]|\\.)*)"/g)].map(([, piece]) => piece).join('')
      return said.includes(word) && [...said.matchAll(/pineapple-(\d+)-/g)].every(([, number]) => Number(number) === index)
    }),
  )
  expect(answers.filter((right) => !right)).toEqual([])
})

it('finishes running streams when it is stopped, and turns new ones away', async () => {
  gateway.provider.script({ delayMs: 20 })
  const response = await gateway.post('/v1/messages', goodBody('claude-haiku-4-5', { stream: true }))
  const reader = response.body?.getReader()
  await reader?.read()
  const stopping = gateway.stop()
  let text = ''
  for (;;) {
    const read = await reader?.read()
    if (read === undefined || read.done) break
    text += new TextDecoder().decode(read.value)
  }
  await stopping
  expect(text).toContain('message_stop')
  await expect(gateway.post('/v1/messages', goodBody('claude-haiku-4-5'))).rejects.toThrow()
  // For afterEach.
  gateway = await startTestGateway()
})

// What a process of its own wrote last is read in test/runtimes/drain.test.ts.
it.runIf(!onBun)('tells who is left when its patience ends, and records it as INTERRUPTED', async () => {
  const impatient = await startTestGateway({ config: { drain_ms: 100 } })
  impatient.provider.script({ fault: 'stall-mid' })
  const response = await impatient.post('/v1/messages', goodBody('claude-haiku-4-5', { stream: true }))
  const reader = response.body?.getReader()
  await reader?.read()
  // The store goes with the gateway, so what is written last is caught on its way.
  const closeTurn = vi.spyOn(impatient.context.traces, 'closeTurn')
  const stopping = impatient.stop()
  let text = ''
  for (;;) {
    const read = await reader?.read()
    if (read === undefined || read.done) break
    text += new TextDecoder().decode(read.value)
  }
  expect(text).toContain('event: error')
  expect(text).toContain('shutting_down')
  expect(text).not.toContain('message_stop')
  await stopping
  expect(closeTurn).toHaveBeenCalledTimes(1)
  const [closed] = closeTurn.mock.calls[0] ?? []
  expect(closed?.call?.payload).toMatchObject({ error_class: 'INTERRUPTED', usage_estimated: true })
  expect(closed?.turn.payload).toMatchObject({ status: 'interrupted' })
  await expect(closeTurn.mock.results[0]?.value).resolves.toEqual({ deferred: false })
})

describe('silence', () => {
  it.each([
    { ...doorCases[0], frame: 'event: ping\n' },
    { ...doorCases[1], frame: ': ping\n' },
  ])('is kept alive in the shape of the $door door, between frames only', async ({ path = '', native = '', frame }) => {
    const patient = await startTestGateway({ config: { keep_alive_ms: 100 } })
    try {
      patient.provider.script({ delayMs: 250, plan: { parts: [{ type: 'text', text: 'one two' }] } })
      const response = await patient.post(path, goodBody(native, { stream: true }))
      const text = await response.text()
      expect(text.split(frame).length - 1, text).toBeGreaterThanOrEqual(3)
      for (const block of text.split('\n\n').filter((part) => part !== ''))
        expect(block).toMatch(/^(event: \w+\ndata: \{.*\}|data: .*|: ping)$/)
    } finally {
      await patient.stop()
    }
  })
})
