import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldEvents, type AnswerPart, type LanguageModelResponse } from '../../../src/ir/response.ts'
import type { Message, Part, RequestContent, TextPart, Tool } from '../../../src/ir/request.ts'
import {
  adaptive,
  answerContext,
  bytesOf,
  callFor,
  client,
  foreignRequest,
  requestOf,
  server,
  targetOf,
  textOf,
} from './support.ts'

// What both the IR and this wire can say, and say in one way.
const words = fc.string({ minLength: 1, unit: 'grapheme' }).map((text) => `w${text}`)
const id = fc.stringMatching(/^[a-zA-Z0-9_-]{1,40}$/)
const cache = fc.constantFrom({}, { cache: {} }, { cache: { ttl: '5m' as const } })
const textPart: fc.Arbitrary<TextPart> = words.map((text) => ({ type: 'text', text }))
const url = fc.constantFrom('https://a.example/1.png', 'http://b.example/2')
const imagePart: fc.Arbitrary<Part> = fc.oneof(
  url.map((found): Part => ({ type: 'image', source: { kind: 'url', url: found } })),
  fc.base64String().map((data): Part => ({ type: 'image', source: { kind: 'base64', mediaType: 'image/png', data } })),
)
const documentPart: fc.Arbitrary<Part> = words.map((text) => ({
  type: 'document',
  name: 'n',
  source: { kind: 'text', text, mediaType: 'text/plain' },
}))
const argsText = fc.dictionary(id, fc.jsonValue(), { minKeys: 1, noNullPrototype: true }).map((value) => JSON.stringify(value))
const userPart = fc.oneof(textPart, imagePart, documentPart)

const turns: fc.Arbitrary<readonly Message[]> = fc
  .array(
    fc.record({
      asked: fc.array(userPart, { minLength: 1, maxLength: 3 }),
      thought: fc.option(fc.record({ text: words, signature: id.map((value) => `Eq${value}`) }), { nil: undefined }),
      said: words,
      calls: fc.uniqueArray(
        fc.record({
          id,
          name: id,
          argsText,
          failed: fc.boolean(),
          parts: fc.array(fc.oneof(textPart, imagePart), { maxLength: 2 }),
        }),
        {
          selector: (call) => call.id,
          maxLength: 3,
        },
      ),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((rounds) => {
    const messages: Omit<Message, 'path'>[] = []
    let results: readonly Part[] = []
    for (const [round, { asked, thought, said, calls: made }] of rounds.entries()) {
      // Of one conversation no two calls share an id.
      const calls = made.map(({ id: own, ...call }) => Object.assign({ id: `${own}-${round}` }, call))
      messages.push({ role: 'user', parts: [...results, ...asked] })
      messages.push({
        role: 'assistant',
        parts: [
          ...(thought ? [{ type: 'thinking', ...thought } as const] : []),
          { type: 'text', text: said },
          ...calls.map((call) => ({ type: 'toolCall', id: call.id, name: call.name, argsText: call.argsText }) as const),
        ],
      })
      results = calls.map(({ id: callId, failed, parts }) => ({ type: 'toolResult', callId, parts, isError: failed }))
    }
    messages.push({ role: 'user', parts: [...results, { type: 'text', text: 'and now?' }] })
    return messages.map(({ role, parts }, index) => ({ role, parts, path: `messages[${index}]` }))
  })

const tools: fc.Arbitrary<readonly Tool[]> = fc.uniqueArray(
  fc.record({
    kind: fc.constant('function' as const),
    name: id,
    description: words,
    parameters: fc.constant({ type: 'object', properties: {}, additionalProperties: false }),
    strict: fc.constant(true),
  }),
  { selector: (tool) => tool.name, minLength: 1, maxLength: 3 },
)

const content: fc.Arbitrary<RequestContent> = fc.record(
  {
    system: fc.tuple(words, cache).map(([text, hint]): readonly TextPart[] => [{ type: 'text', text, ...hint }]),
    messages: turns,
    tools,
    maxOutputTokens: fc.integer({ min: 2, max: 64_000 }),
    stop: fc.array(words, { maxLength: 2 }),
    unmapped: fc.constant({}),
    parallelToolCalls: fc.constant(false),
    toolChoice: fc.constantFrom({ type: 'auto' } as const, { type: 'required' } as const),
    output: fc.constant({ type: 'jsonSchema', schema: { type: 'object', additionalProperties: false } } as const),
    userId: id,
  },
  { requiredKeys: ['system', 'messages', 'tools', 'maxOutputTokens', 'stop', 'unmapped', 'toolChoice'] },
)

describe('codec laws', () => {
  it('a request rendered on this wire and read again is the same', () => {
    fc.assert(
      fc.property(content, fc.boolean(), (given, stream) => {
        const { body } = client.encodeRequest(foreignRequest(given, stream), targetOf(adaptive))
        const again = requestOf(textOf(body))
        expect(again.content()).toEqual(given)
        expect(again.stream).toBe(stream)
      }),
    )
  })

  it('an answer written for a client and read as a provider is the same', () => {
    const part: fc.Arbitrary<AnswerPart> = fc.oneof(
      words.map((text): AnswerPart => ({ type: 'text', text, citations: [] })),
      fc.record({ text: words, signature: id }).map(({ text, signature }): AnswerPart => ({ type: 'thinking', text, signature })),
      id.map((data): AnswerPart => ({ type: 'redactedThinking', data })),
      fc.record({ type: fc.constant('toolCall' as const), id, name: id, argsText }),
    )
    const count = fc.nat({ max: 1_000_000 })
    const answer = fc.record({
      parts: fc.array(part, { maxLength: 5 }),
      stop: fc.constantFrom(
        { reason: 'length' as const },
        { reason: 'pause' as const },
        { reason: 'stopSequence' as const, text: 'END' },
      ),
      usage: fc.record({
        inputUncached: count,
        cacheRead: count,
        cacheWrite5m: count,
        cacheWrite1h: count,
        output: count,
        reasoning: count,
      }),
    })
    fc.assert(
      fc.property(answer, (given) => {
        const response: LanguageModelResponse = { id: 'x', model: 'm', ...given }
        const written = server.encodeResponse(response, answerContext)
        const again = foldEvents(client.decodeResponse(bytesOf(written), callFor('openai')).events())
        expect({ parts: again.parts, stop: again.stop, usage: again.usage }).toEqual(given)
      }),
    )
  })

  it('a same-shape request keeps its meaning, whatever the names of its other fields', () => {
    const body = fc.record({ model: fc.string(), messages: fc.constant([]), rest: fc.jsonValue(), '"model"': fc.jsonValue() })
    fc.assert(
      fc.property(body, fc.string({ minLength: 1 }), (given, model) => {
        const encoded = client.encodeRequest(requestOf(given), targetOf(adaptive, model))
        expect(JSON.parse(textOf(encoded.body))).toEqual(JSON.parse(JSON.stringify({ ...given, model })))
      }),
    )
  })
})
