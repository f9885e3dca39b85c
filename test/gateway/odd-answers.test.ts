// Answers in the wrong dress or size: a whole body where a stream was asked for, a stream where none was, 50 MB for a client
// that does not read (reliability.md §3, translation.md §4).
import { once } from 'node:events'
import { createServer, request, type ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { deferred, eventually } from '../support/deadline.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { listOf, objectOf, parseObject, textOf } from '../support/json.ts'
import { errorOf, expectNoEndMark, turnOf } from './fault-cases.ts'
import { doorCases, goodBody, type DoorCase } from './refusals.ts'

type Play = (outgoing: ServerResponse, wire: 'anthropic' | 'openai') => void | Promise<void>

async function withProvider(play: Play, run: (gateway: TestGateway) => Promise<void>): Promise<void> {
  const server = createServer((incoming, outgoing) => {
    incoming.resume()
    incoming.once('end', () => void play(outgoing, incoming.url === '/v1/messages' ? 'anthropic' : 'openai'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  const gateway = await startTestGateway({
    config: {
      limits: { max_retries: 0 },
      providers: {
        anthropic: { wire: 'anthropic', base_url: url, api_key: 'sk-ant-mock-provider-key' },
        openai: { wire: 'openai', base_url: `${url}/v1`, api_key: 'sk-mock-provider-key' },
      },
    },
  })
  try {
    await run(gateway)
  } finally {
    await gateway.stop()
    server.closeAllConnections()
    server.close()
  }
}

const whole = {
  anthropic: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-haiku-4-5',
    content: [{ type: 'text', text: 'one piece ✓' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 5, output_tokens: 3 },
  },
  openai: {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-4o-mini',
    choices: [{ index: 0, message: { role: 'assistant', content: 'one piece ✓' }, logprobs: null, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
  },
} as const

const anthropicFrame = (event: { type: string }) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
const openaiFrame = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`

const streamed = {
  anthropic: (texts: Iterable<string>) => anthropicStream(texts),
  openai: (texts: Iterable<string>) => openaiStream(texts),
}

function* anthropicStream(texts: Iterable<string>): Generator<string> {
  const { content: _content, ...message } = whole.anthropic
  yield anthropicFrame(Object.assign({ message: { ...message, content: [], stop_reason: null } }, { type: 'message_start' }))
  yield anthropicFrame(Object.assign({ index: 0, content_block: { type: 'text', text: '' } }, { type: 'content_block_start' }))
  for (const text of texts) {
    yield anthropicFrame(Object.assign({ index: 0, delta: { type: 'text_delta', text } }, { type: 'content_block_delta' }))
  }
  yield anthropicFrame(Object.assign({ index: 0 }, { type: 'content_block_stop' }))
  const usage = { output_tokens: 3 }
  yield anthropicFrame(
    Object.assign({ delta: { stop_reason: 'end_turn', stop_sequence: null }, usage }, { type: 'message_delta' }),
  )
  yield anthropicFrame({ type: 'message_stop' })
}

function* openaiStream(texts: Iterable<string>): Generator<string> {
  yield openaiFrame({ role: 'assistant', content: '' })
  for (const text of texts) yield openaiFrame({ content: text })
  yield openaiFrame({}, 'stop')
  yield 'data: [DONE]\n\n'
}

/** What a client reads out of either kind of answer. */
function saidIn(door: DoorCase['door'], text: string): string {
  const body = parseObject(text)
  if (door === 'anthropic' && 'content' in body) return String(objectOf(listOf(body['content'])[0])['text'])
  if ('choices' in body) return String(objectOf(objectOf(listOf(body['choices'])[0])['message'])['content'])
  return [...text.matchAll(/"(?:text|content)":"((?:[^"\\]|\\.)*)"/g)].map(([, piece]) => piece).join('')
}

for (const door of doorCases) {
  describe.each([door.native, door.foreign])(`${door.door} door, %s`, (model) => {
    it('gets a stream when it asked for one and the provider sent a whole body', () =>
      withProvider(
        (outgoing, wire) => {
          outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole[wire]))
        },
        async (gateway) => {
          const response = await gateway.post(door.path, goodBody(model, { stream: true }))
          const text = await response.text()
          expect(response.status, text).toBe(200)
          expect(response.headers.get('content-type')).toContain('text/event-stream')
          expect(saidIn(door.door, text)).toBe('one piece ✓')
          expect(text.trimEnd().endsWith(door.door === 'anthropic' ? '"type":"message_stop"}' : 'data: [DONE]')).toBe(true)
          const call = (await gateway.events()).find(({ type }) => type === 'llm.call_completed')
          expect(call?.payload).toMatchObject({ input_tokens: 5, output_tokens: 3, cost_basis: 'metered' })
        },
      ))

    it.each([{ 'content-type': 'text/plain; charset=utf-8' }, {}])('gets its stream although the provider names it %o', (head) =>
      withProvider(
        (outgoing, wire) => {
          outgoing.writeHead(200, head).end([...streamed[wire](['one ', 'piece ✓'])].join(''))
        },
        async (gateway) => {
          const response = await gateway.post(door.path, goodBody(model, { stream: true }))
          const text = await response.text()
          expect(response.status, text).toBe(200)
          expect(saidIn(door.door, text)).toBe('one piece ✓')
        },
      ),
    )

    it('gets a whole body when it asked for one and the provider sent a stream', () =>
      withProvider(
        (outgoing, wire) => {
          outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).end([...streamed[wire](['one ', 'piece ✓'])].join(''))
        },
        async (gateway) => {
          const response = await gateway.post(door.path, goodBody(model))
          const text = await response.text()
          expect(response.status, text).toBe(200)
          expect(response.headers.get('content-type')).toBe('application/json')
          expect(saidIn(door.door, text)).toBe('one piece ✓')
        },
      ))

    it('holds the provider back, and not 50 MB in memory, when its client does not read', { timeout: 40_000 }, () => {
      let taken = 0
      const piece = 'x'.repeat(16 * 1024)
      const pieces = 3_200
      return withProvider(
        async (outgoing, wire) => {
          outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
          for (const frame of streamed[wire](Array.from({ length: pieces }, () => piece))) {
            if (!outgoing.write(frame)) await once(outgoing, 'drain')
            taken += frame.length
          }
          outgoing.end()
        },
        async (gateway) => {
          const asking = request(gateway.url + door.path, {
            method: 'POST',
            headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.token}` },
          })
          asking.end(JSON.stringify(goodBody(model, { stream: true })))
          const [response] = await once(asking, 'response')
          response.pause()
          // Held back: others come and go, and it could write no more.
          await eventually(15_000, 'the provider to be held back', async () => {
            const before = taken
            for (let nth = 0; nth < 30; nth += 1) await (await fetch(`${gateway.url}/healthz`)).text()
            return before > 0 && taken === before
          })
          expect(taken).toBeLessThan(24 * 1024 * 1024)
          let read = 0
          response.on('data', (bytes: Buffer) => {
            read += bytes.length
          })
          response.resume()
          await once(response, 'end')
          expect(read).toBeGreaterThan(pieces * piece.length)
        },
      )
    })

    // Of the same wire it is the client's to read: its bytes pass, and only the end is looked for.
    if (model === door.foreign) {
      it('is told at once of a frame in the middle that cannot be read, and the turn has failed', () => {
        const begun = deferred()
        return withProvider(
          (outgoing, wire) => {
            const frames = [...streamed[wire](['hello'])]
            outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
            outgoing.write(frames.slice(0, 3).join(''))
            // A buffer of its own, and nothing behind it.
            void begun.promise.then(() =>
              outgoing.write(`${wire === 'anthropic' ? 'event: content_block_delta\n' : ''}data: {"oops\n\n`),
            )
          },
          async (gateway) => {
            const response = await gateway.post(door.path, goodBody(model, { stream: true }))
            begun.resolve()
            const text = await response.text()
            expect(saidIn(door.door, text)).toContain('hello')
            expectNoEndMark(door.door, text)
            expect(errorOf(door.door, text)['code']).toBe('upstream_bad_response')
            const { call, completed } = await turnOf(gateway, textOf(response.headers.get('x-metis-turn-id')))
            expect(completed).toMatchObject({ status: 'failed' })
            expect(call).toMatchObject({ error_class: 'other', cost_basis: 'partial_estimate' })
          },
        )
      })
    }

    it('breaks off an endless line without an end mark', { timeout: 40_000 }, () =>
      withProvider(
        async (outgoing, wire) => {
          const frames = [...streamed[wire](['hello'])]
          outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
          outgoing.write(frames.slice(0, 3).join(''))
          outgoing.write('data: {"endless":"')
          const filler = 'y'.repeat(256 * 1024)
          while (!outgoing.destroyed) {
            if (outgoing.write(filler)) continue
            await Promise.race([once(outgoing, 'drain'), once(outgoing, 'close')])
          }
        },
        async (gateway) => {
          const response = await gateway.post(door.path, goodBody(model, { stream: true }))
          const text = await response.text()
          expectNoEndMark(door.door, text)
          const shown = text.replaceAll('yyyyyyyy', '')
          expect(Object.keys(errorOf(door.door, shown)).length, shown.slice(-300)).toBeGreaterThan(0)
        },
      ),
    )
  })
}
