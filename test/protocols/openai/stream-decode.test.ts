// Every recorded stream: whole, byte by byte, cut in two, with CRLF; same shape and across.
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/ir/errors.ts'
import { foldEvents } from '../../../src/ir/response.ts'
import type { StreamChunk } from '../../../src/ir/stream.ts'
import { safeToolId } from '../../../src/lib/identifiers.ts'
import {
  answered,
  buffersOf,
  bytesOf,
  call,
  decode,
  everyByteOf,
  failed,
  fixtures,
  sameShapeCall,
  verbatimOf,
} from './fixtures.ts'

const usageChunk = /data:[^\n]*"choices": ?\[\],[^\n]*"usage": ?\{[^\n]*\n\n/

function withCrLf(bytes: Uint8Array): Uint8Array {
  return bytesOf(new TextDecoder().decode(bytes).replaceAll('\n', '\r\n'))
}

/** Some forty places to cut at; `everyByteOf` covers the others. */
function cutsOf(bytes: Uint8Array): readonly number[] {
  const step = Math.max(1, Math.floor(bytes.length / 40))
  return Array.from({ length: Math.floor(bytes.length / step) }, (_, index) => index * step)
}

function isDelivered(error: unknown): boolean {
  return error instanceof GatewayError && error.details.delivered === true
}

function tallyOf(chunks: readonly StreamChunk[]) {
  let usage = undefined
  let stop = undefined
  let model = undefined
  let ended = 0
  let [toolCalls, thinkingBlocks, outputCharacters] = [0, 0, 0]
  for (const { meter } of chunks) {
    usage = meter.usage ?? usage
    stop = meter.stop ?? stop
    model = meter.model ?? model
    ended += meter.ended ? 1 : 0
    toolCalls += meter.toolCalls
    thinkingBlocks += meter.thinkingBlocks
    outputCharacters += meter.outputCharacters
  }
  return { usage, stop, model, ended, toolCalls, thinkingBlocks, outputCharacters }
}

describe.each(answered)('the recorded stream $name', ({ stream, answer }) => {
  it('folds into the answer that stands beside it', async () => {
    const { events, error } = await decode(buffersOf(stream))
    expect(error).toBeUndefined()
    expect(foldEvents(events)).toEqual(answer)
  })

  it('gives the same events byte by byte, cut anywhere, and with CRLF', async () => {
    const { events } = await decode(buffersOf(stream))
    expect((await decode(everyByteOf(stream))).events).toEqual(events)
    expect((await decode(buffersOf(withCrLf(stream)))).events).toEqual(events)
    expect((await decode(everyByteOf(withCrLf(stream)))).events).toEqual(events)
    for (const at of cutsOf(stream)) expect((await decode(buffersOf(stream, at))).events).toEqual(events)
  })

  it('opens, fills and closes one part at a time', async () => {
    const { events } = await decode(buffersOf(stream))
    expect(events.at(0)?.type).toBe('start')
    expect(events.at(-1)?.type).toBe('end')
    let open: number | undefined
    let next = 0
    for (const event of events) {
      if (event.type === 'part-start') {
        expect([open, event.index]).toEqual([undefined, next])
        open = next++
      } else if (event.type === 'part-end') {
        expect(event.index).toBe(open)
        open = undefined
      } else if ('index' in event) expect(event.index).toBe(open)
    }
    expect(open).toBeUndefined()
  })

  it('passes the bytes of a same-shape call on as they came, wherever they are cut', async () => {
    const text = new TextDecoder().decode(stream)
    for (const at of cutsOf(stream)) {
      const { chunks } = await decode(buffersOf(stream, at), sameShapeCall)
      expect(verbatimOf(chunks)).toBe(text)
    }
  })

  it('takes only the usage chunk out when the gateway asked for it', async () => {
    const expected = new TextDecoder().decode(stream).replace(usageChunk, '')
    for (const at of cutsOf(stream)) {
      const { chunks } = await decode(buffersOf(stream, at), { ...sameShapeCall, hidesUsageChunk: true })
      expect(verbatimOf(chunks)).toBe(expected)
    }
  })

  it('meters without decoding what decoding would find', async () => {
    for (const buffers of [buffersOf(stream), everyByteOf(stream)]) {
      const { chunks } = await decode(buffers, sameShapeCall)
      const tally = tallyOf(chunks)
      const tools = answer.parts.filter(({ type }) => type === 'toolCall').length
      const spoken = answer.parts.map((part) => ('text' in part ? part.text : 'argsText' in part ? part.argsText : '')).join('')
      expect(tally.ended).toBe(1)
      expect(chunks.at(-1)?.meter.ended).toBe(true)
      expect(tally.model).toBe(answer.model)
      expect(tally.stop).toEqual(answer.stop)
      expect({ ...tally, usage: tally.usage ?? answer.usage }).toMatchObject({
        usage: answer.usage,
        toolCalls: tools,
        thinkingBlocks: answer.parts.filter(({ type }) => type === 'thinking').length,
        outputCharacters: spoken.length,
      })
    }
  })
})

describe.each(failed)('the broken stream $name', ({ name, stream, failure }) => {
  it('ends in a failure that says what is known, however it is cut', async () => {
    for (const buffers of [buffersOf(stream), everyByteOf(stream)]) {
      const { error } = await decode(buffers, sameShapeCall)
      expect(error).toMatchObject({
        code: 'upstream_bad_response',
        errorClass: failure.errorClass,
        status: failure.status,
        message: failure.message,
      })
      expect(isDelivered(error)).toBe(failure.delivered)
    }
  })

  it('never reports an end', async () => {
    const { chunks } = await decode(everyByteOf(stream), sameShapeCall)
    expect(chunks.some(({ meter }) => meter.ended)).toBe(false)
  })

  it('gives a same-shape client whole frames only, and the error frame when the stream had begun', async () => {
    const { chunks } = await decode(everyByteOf(stream), sameShapeCall)
    const passed = verbatimOf(chunks)
    expect(new TextDecoder().decode(stream).startsWith(passed)).toBe(true)
    expect(passed === '' || passed.endsWith('\n\n')).toBe(true)
    expect(/"error"/.test(passed)).toBe(failure.delivered)
    if (['nothing', 'html', 'error-first-frame', 'error-object-vllm'].includes(name)) expect(chunks).toEqual([])
  })

  it('gives another shape the events before the failure', async () => {
    const { events, error } = await decode(buffersOf(stream))
    expect(isDelivered(error)).toBe(false)
    const text = events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('')
    expect('Once upon a time'.startsWith(text)).toBe(true)
    expect(text === '').toBe(['nothing', 'html', 'error-first-frame', 'error-object-vllm'].includes(name))
  })
})

describe('a provider stream', () => {
  const done = fixtures.find(({ name }) => name === 'text')?.stream ?? new Uint8Array()

  it('holds keep-alive comments back until the first frame, so that a failure can still have a status', async () => {
    const { chunks } = await decode(buffersOf(bytesOf(': PROCESSING\n\n: PROCESSING\n\n'), 15), sameShapeCall)
    expect(chunks).toEqual([])
  })

  it('ignores what comes behind the end mark, a reset too', async () => {
    async function* withTail() {
      yield done
      yield bytesOf('data: {"garbage"\n\n')
      throw new Error('reset')
    }
    const { chunks, error } = await decode(withTail(), sameShapeCall)
    expect(error).toBeUndefined()
    expect(verbatimOf(chunks)).toBe(new TextDecoder().decode(done))
  })

  it('keeps the provider’s words about our credential from the client', async () => {
    const spoken = 'data: {"id":"a","model":"m","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
    const stream = bytesOf(`${spoken}data: {"error":{"code":401,"message":"bad key sk-1"}}\n\n`)
    for (const buffers of [buffersOf(stream), everyByteOf(stream)]) {
      const { chunks, error } = await decode(buffers, sameShapeCall)
      expect(verbatimOf(chunks)).toBe(spoken)
      expect(error).toMatchObject({ code: 'provider_auth_failed', status: 502, message: expect.not.stringContaining('bad key') })
      expect(isDelivered(error)).toBe(false)
    }
  })

  it('passes a reset before the end mark on as it is', async () => {
    const reset = new Error('reset')
    async function* cut() {
      yield done.slice(0, 400)
      throw reset
    }
    expect((await decode(cut())).error).toBe(reset)
  })

  it('fails on a frame that is no chunk only when somebody wants its meaning', async () => {
    const stream = bytesOf('data: {"id":"a","model":"m","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\ndata: {oops\n\n')
    const { chunks } = await decode(buffersOf(stream), sameShapeCall)
    expect(verbatimOf(chunks)).toBe(new TextDecoder().decode(stream))
    expect((await decode(buffersOf(stream))).error).toMatchObject({ code: 'upstream_bad_response' })
  })

  it('gives the client its own name of a tool that went upstream under a shorter one', async () => {
    const stream = fixtures.find(({ name }) => name === 'tool-no-args')?.stream ?? new Uint8Array()
    const { events } = await decode(buffersOf(stream), {
      ...sameShapeCall,
      inboundShape: 'anthropic',
      toolNames: new Map([['list_files', 'a long name']]),
    })
    expect(events).toContainEqual({ type: 'part-start', index: 0, part: { type: 'toolCall', id: 'call_n', name: 'a long name' } })
  })

  it('never gives a client an id that its conversation or this answer has already', async () => {
    const calls = [0, 1, 2].map((index) => ({ index, id: 'call:0', function: { name: 'f', arguments: '{}' } }))
    const frames = [
      { id: 'c', model: 'm', choices: [{ index: 0, delta: { tool_calls: calls }, finish_reason: 'tool_calls' }] },
      '[DONE]',
    ]
    const stream = bytesOf(frames.map((one) => `data: ${typeof one === 'string' ? one : JSON.stringify(one)}\n\n`).join(''))
    const idsOf = async (takenCallIds: readonly string[]) => {
      const { events } = await decode(buffersOf(stream), { ...call, takenCallIds: new Set(takenCallIds) })
      return foldEvents(events).parts.flatMap((part) => (part.type === 'toolCall' ? [part.id] : []))
    }
    expect(await idsOf([])).toEqual(['call:0', 'call:0_1', 'call:0_2'])
    expect(await idsOf(['call:0', 'call:0_2'])).toEqual(['call:0_1', 'call:0_3', 'call:0_4'])
    // As a client of Messages was given it.
    expect(await idsOf([safeToolId('call:0', 256)])).toEqual(['call:0_1', 'call:0_2', 'call:0_3'])
  })

  it('reads a call of a tool that takes text, which says nothing of its arguments being JSON', async () => {
    const call = { index: 0, id: 'call_1', type: 'custom', custom: { name: 'ApplyPatch', input: '*** Begin ' } }
    const rest = { index: 0, custom: { input: 'Patch' } }
    const frame = (delta: object, finish_reason: string | null = null) => ({
      id: 'c',
      model: 'm',
      choices: [{ index: 0, delta, finish_reason }],
    })
    const frames = [frame({ tool_calls: [call] }), frame({ tool_calls: [rest] }), frame({}, 'tool_calls')]
    const stream = bytesOf(`${frames.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('')}data: [DONE]\n\n`)
    const { events, chunks } = await decode(everyByteOf(stream))
    const answer = foldEvents(events)
    expect(answer.parts).toEqual([
      { type: 'toolCall', id: 'call_1', name: 'ApplyPatch', custom: true, argsText: '*** Begin Patch' },
    ])
    expect(chunks.reduce((sum, { meter }) => sum + meter.toolCalls, 0)).toBe(1)
  })

  it('streams a call at once and keeps only later ones back', async () => {
    const stream = fixtures.find(({ name }) => name === 'parallel-tools-in-sequence')?.stream ?? new Uint8Array()
    const { chunks } = await decode(everyByteOf(stream))
    const perChunk = chunks.length
    expect(perChunk).toBeGreaterThan(6)
    const { events } = await decode(buffersOf(stream))
    const secondStart = events.findIndex((event) => event.type === 'part-start' && event.index === 1)
    const stop = events.findIndex((event) => event.type === 'stop')
    expect(events.slice(secondStart, stop).filter(({ type }) => type === 'args-delta')).toHaveLength(1)
  })
})
