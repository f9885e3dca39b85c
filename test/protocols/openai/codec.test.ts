// What this wire writes, it reads back: laws over any answer that it can say without loss.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldEvents, type LanguageModelResponse } from '../../../src/ir/response.ts'
import { openaiProtocol } from '../../../src/protocols/openai/index.ts'
import { buffersOf, bytesOf, call, context, decode } from './fixtures.ts'
import { chunkOf, eventsOf, streamed } from './foreign-answers.ts'

const { client, server } = openaiProtocol

// Any answer that this wire can say without loss.
const text = fc.string({ minLength: 1, unit: 'grapheme' })
const usages = fc.record({
  inputUncached: fc.nat(),
  cacheRead: fc.nat(),
  cacheWrite5m: fc.nat(),
  cacheWrite1h: fc.constant(0),
  output: fc.nat(),
  reasoning: fc.nat(5),
})
const toolCalls = fc.array(
  fc.record({
    type: fc.constant('toolCall' as const),
    id: fc.uuid(),
    name: fc.constantFrom('read', 'write'),
    argsText: fc.constantFrom('{}', '{"a":1}', '{"b":"\\u00fc"}'),
  }),
  { maxLength: 3 },
)
const answers = fc
  .record({ thinking: fc.option(text), spoken: fc.option(text), calls: toolCalls, usage: usages, length: fc.boolean() })
  .map(({ thinking, spoken, calls, length, usage }): LanguageModelResponse => ({
    id: `chatcmpl-${context.turnId}`,
    model: context.model,
    parts: [
      ...(thinking === null ? [] : [{ type: 'thinking' as const, text: thinking }]),
      ...(spoken === null ? [] : [{ type: 'text' as const, text: spoken, citations: [] }]),
      ...calls,
    ],
    stop: { reason: length ? 'length' : calls.length > 0 ? 'toolUse' : 'end' },
    usage,
  }))

describe('the codec', () => {
  it('reads back the whole answer it wrote', () => {
    fc.assert(
      fc.property(answers, (answer) => {
        const wire = server.encodeResponse(answer, context)
        expect(foldEvents(client.decodeResponse(bytesOf(wire), call).events())).toEqual(answer)
      }),
    )
  })

  it('reads back the stream it wrote, in chunks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(answers, fc.nat(), async (answer, cut) => {
        const wire = bytesOf(await streamed(eventsOf(answer.parts, answer.stop, answer.usage).map((event) => chunkOf([event]))))
        const { events, error } = await decode(buffersOf(wire, cut % wire.length))
        expect(error).toBeUndefined()
        expect(foldEvents(events)).toEqual(answer)
      }),
    )
  })

  it('writes no chunk of a stream differently for how its events were grouped', async () => {
    await fc.assert(
      fc.asyncProperty(answers, async (answer) => {
        const events = eventsOf(answer.parts, answer.stop, answer.usage)
        expect(await streamed([chunkOf(events)])).toBe(await streamed(events.map((event) => chunkOf([event]))))
      }),
    )
  })
})
