import * as z from 'zod'
import { describe, expect, it } from 'vitest'
import { safeToolName } from '../../../src/lib/identifiers.ts'
import { decodeCases } from './cases/decode.ts'
import { decodeContentCases, decodeRefusals } from './cases/decode-content.ts'
import { messageCases } from './cases/encode-messages.ts'
import { parameterCases } from './cases/encode-parameters.ts'
import { toolCases } from './cases/encode-tools.ts'
import { refusalCases, turnCases } from './cases/encode-turns.ts'
import { adaptive, client, foreignRequest, manual, requestOf, targetOf, textOf, thrownBy } from './support.ts'

const object = z.record(z.string(), z.unknown())

describe('a request of another wire to this one', () => {
  it.each([...parameterCases, ...toolCases, ...messageCases, ...turnCases])(
    '$row',
    ({ content, model = adaptive, stream = false, body, warns = [] }) => {
      const encoded = client.encodeRequest(foreignRequest(content, stream), targetOf(model))
      const sent = object.parse(JSON.parse(textOf(encoded.body)))
      expect(Object.fromEntries(Object.keys(body).map((field) => [field, sent[field]]))).toEqual(body)
      expect(encoded.warnings.map(({ field }) => field)).toEqual(warns)
    },
  )

  it.each(refusalCases)('refuses $row', ({ content, model = adaptive, param }) => {
    const error = thrownBy(() => client.encodeRequest(foreignRequest(content), targetOf(model)))
    expect([error.code, error.details.param]).toEqual(['invalid_value', param])
  })

  it('names the model, pins the version and forwards no header', () => {
    const encoded = client.encodeRequest(
      foreignRequest({ messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }], path: '' }] }),
      targetOf(adaptive, 'claude-y'),
    )
    expect(encoded).toMatchObject({
      path: '/v1/messages',
      inboundShape: 'openai',
      stream: false,
      headers: { 'anthropic-version': '2023-06-01' },
    })
    expect(JSON.parse(textOf(encoded.body))).toMatchObject({ model: 'claude-y' })
  })

  it('tells the names it changed, and the tool that stands for the answer', () => {
    const name = 'a tool with spaces'
    const encoded = client.encodeRequest(
      foreignRequest({
        messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }], path: '' }],
        tools: [
          { kind: 'function', name },
          { kind: 'function', name: 'answer_as_json' },
        ],
        output: { type: 'jsonSchema', schema: {} },
      }),
      targetOf(manual),
    )
    expect([...encoded.toolNames]).toEqual([[safeToolName(name, 128), name]])
    expect(encoded.answerTool).toBe('answer_as_json_')
    expect(JSON.parse(textOf(encoded.body))).toMatchObject({ tool_choice: { type: 'any' } })
  })
})

describe('a request of this wire, read for another', () => {
  it.each([...decodeCases, ...decodeContentCases])('$row', ({ body, content }) => {
    const decoded = object.parse(requestOf({ messages: [{ role: 'user', content: 'hi' }], ...body }).content())
    expect(Object.fromEntries(Object.keys(content).map((field) => [field, decoded[field]]))).toEqual(content)
  })

  it.each(decodeRefusals)('refuses $row', ({ body, param }) => {
    const error = thrownBy(() => requestOf({ messages: [{ role: 'user', content: 'hi' }], ...body }).content())
    expect(error.details.param).toBe(param)
    expect(error.status).toBe(400)
  })
})
