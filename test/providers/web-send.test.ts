import { expect, it } from 'vitest'
import { createWebSend } from '../../src/providers/web-send.ts'
import type { UpstreamRequest } from '../../src/services.ts'

const ask: UpstreamRequest = {
  url: 'http://provider.test/v1',
  method: 'POST',
  headers: {},
  connectMs: 1000,
  firstByteMs: 1000,
  idleMs: 20,
}

interface Answer {
  readonly type: string
  readonly length?: number
  readonly parts: readonly string[]
  readonly end: 'closed' | 'cut' | 'silent'
}

/** The answer's body as an iterator, from a fetch that answers with `parts`, one a pull. */
async function bodyOf({ type, length, parts, end }: Answer): Promise<AsyncIterator<Uint8Array>> {
  const send = createWebSend(
    async (_, { signal }) => {
      const left = [...parts]
      const body = new ReadableStream<Uint8Array>(
        {
          start: (controller) => signal?.addEventListener('abort', () => controller.error(signal.reason)),
          pull(controller) {
            const part = left.shift()
            if (part !== undefined) controller.enqueue(new TextEncoder().encode(part))
            else if (end === 'closed') controller.close()
            else if (end === 'cut') controller.error(new Error('cut'))
          },
        },
        { highWaterMark: 0 },
      )
      const headers = { 'content-type': type, ...(length === undefined ? {} : { 'content-length': String(length) }) }
      return new Response(body, { headers })
    },
    () => 'connect',
  )
  const { body } = await send(ask, new AbortController().signal)
  return body[Symbol.asyncIterator]()
}

async function textsOf(body: AsyncIterator<Uint8Array>): Promise<readonly string[]> {
  const texts: string[] = []
  for (;;) {
    const read = await body.next()
    if (read.done === true) return texts
    texts.push(new TextDecoder().decode(read.value))
  }
}

const parts = ['{"a"', ':1}']

it('gives a short answer that says its length in one piece', async () => {
  expect(await textsOf(await bodyOf({ type: 'application/json', length: 7, parts, end: 'closed' }))).toEqual(['{"a":1}'])
  expect(await textsOf(await bodyOf({ type: 'application/json', length: 0, parts: [], end: 'closed' }))).toEqual([])
})

it.each([
  { name: 'a stream that says its length', type: 'text/event-stream', length: 7 },
  { name: 'a long answer', type: 'application/json', length: 70_000 },
  { name: 'an answer that does not say its length', type: 'application/json' },
])('gives $name as it comes', async ({ type, length }) => {
  const answer = { type, parts, end: 'closed' as const, ...(length === undefined ? {} : { length }) }
  expect(await textsOf(await bodyOf(answer))).toEqual(parts)
})

it.each([
  { type: 'application/json', end: 'cut', fault: 'reset' },
  { type: 'application/json', end: 'silent', fault: 'idle_timeout' },
  { type: 'text/event-stream', end: 'cut', fault: 'reset' },
  { type: 'text/event-stream', end: 'silent', fault: 'idle_timeout' },
] as const)('says $fault when an answer of $type is $end', async ({ type, end, fault }) => {
  const body = await bodyOf({ type, length: 9, parts, end })
  await expect(textsOf(body)).rejects.toMatchObject({ fault })
})
