// What is read of every chat request, and what is refused at once.
import { describe, expect, it } from 'vitest'
import { bytesOf, requestOf } from './fixtures.ts'
import { openaiProtocol } from '../../../src/protocols/openai/index.ts'

const messages = [{ role: 'user', content: 'Hi' }]

describe('the envelope of a chat request', () => {
  it('reads model, stream and include_usage', () => {
    const request = requestOf({ model: 'a', stream: true, stream_options: { include_usage: true }, messages })
    expect(request).toMatchObject({ shape: 'openai', model: 'a', stream: true, includeUsage: true, mixed: false })
  })

  it('takes a missing model, a null stream and fields it has never heard of', () => {
    expect(requestOf({ stream: null, messages, wild: [1] })).toMatchObject({ model: '', stream: false, includeUsage: false })
  })

  it.each([
    ['a number as model', { model: 1, messages }, 'invalid_value', 'model'],
    ['a string as stream', { stream: 'yes', messages }, 'invalid_value', 'stream'],
    ['no messages', { model: 'a' }, 'invalid_value', 'messages'],
    ['messages that are no array', { messages: 'Hi' }, 'invalid_value', 'messages'],
    ['model twice', '{"model":"a","model":"b","messages":[]}', 'invalid_json', 'model'],
    ['model twice, once escaped', '{"model":"a","m\\u006fdel":"b","messages":[]}', 'invalid_json', 'model'],
    ['messages twice', '{"messages":[],"messages":[]}', 'invalid_json', 'messages'],
    ['stream twice', '{"messages":[],"stream":true,"stream":false}', 'invalid_json', 'stream'],
    ['an array', '[]', 'invalid_json', undefined],
    ['a scalar', '1', 'invalid_json', undefined],
    ['nothing', '', 'invalid_json', undefined],
    ['a cut body', '{"messages":[', 'invalid_json', undefined],
    ['two documents', '{"messages":[]}{}', 'invalid_json', undefined],
    ['a body nested too deep', `{"messages":${'['.repeat(200)}${']'.repeat(200)}}`, 'invalid_json', undefined],
  ])('refuses %s with 400', (_, body, code, param) => {
    expect(() => requestOf(body)).toThrow(expect.objectContaining({ code, status: 400 }))
    expect(() => requestOf(body)).toThrow(
      expect.objectContaining({ details: param === undefined ? expect.anything() : { param } }),
    )
  })

  it('refuses bytes that are not UTF-8', () => {
    const bytes = Uint8Array.from([...bytesOf('{"messages":["'), 0xff, ...bytesOf('"]}')])
    expect(() => openaiProtocol.server.decodeRequest(bytes, new Headers())).toThrow(
      expect.objectContaining({ code: 'invalid_json' }),
    )
  })
})

describe('the traits of a chat request', () => {
  const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(300_000)}` } }

  it.each([
    ['tools', { messages, tools: [{ type: 'function', function: { name: 'f' } }] }, { hasTools: true }],
    ['legacy functions', { messages, functions: [{ name: 'f' }] }, { hasTools: true }],
    ['no tools in an empty list', { messages, tools: [] }, { hasTools: false }],
    ['images', { messages: [{ role: 'user', content: [image] }] }, { hasImages: true }],
    ['a schema', { messages, response_format: { type: 'json_schema', json_schema: {} } }, { wantsStructuredOutput: true }],
    ['no structure in response_format text', { messages, response_format: { type: 'text' } }, { wantsStructuredOutput: false }],
    ['max_tokens', { messages, max_tokens: 5 }, { maxOutputTokens: 5 }],
    ['the newer limit before the older', { messages, max_tokens: 5, max_completion_tokens: 6 }, { maxOutputTokens: 6 }],
    ['a Responses limit', { input: 'Hi', max_output_tokens: 7 }, { maxOutputTokens: 7 }],
  ])('sees %s', (_, body, expected) => {
    expect(requestOf(body).traits).toMatchObject(expected)
  })

  it('counts an image flat, not by the length of its base64', () => {
    const { estimatedInputTokens } = requestOf({ messages: [{ role: 'user', content: [image] }] }).traits
    expect(estimatedInputTokens).toBeGreaterThan(1100)
    expect(estimatedInputTokens).toBeLessThan(1200)
  })

  const base64 = 'A'.repeat(300_000)
  const pdf = `data:application/pdf;base64,${base64}`
  const inImage = { type: 'input_image', image_url: `data:image/png;base64,${base64}` }

  it.each([
    ['a PDF', { messages: [{ role: 'user', content: [{ type: 'file', file: { filename: 'a.pdf', file_data: pdf } }] }] }],
    ['a PDF in bare base64', { messages: [{ role: 'user', content: [{ type: 'file', file: { file_data: base64 } }] }] }],
    ['a PDF of Responses', { input: [{ role: 'user', content: [{ type: 'input_file', file_data: pdf }] }] }],
    ['an image in a tool result', { input: [{ type: 'function_call_output', call_id: 'c', output: [inImage] }] }],
    [
      'an image in an Anthropic result',
      {
        messages: [
          {
            role: 'user',
            content: [
              {
                type: 'tool_result',
                tool_use_id: 'a',
                content: [{ type: 'image', source: { type: 'base64', data: base64 } }],
              },
            ],
          },
        ],
      },
    ],
    ['audio', { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: base64, format: 'wav' } }] }] }],
  ])('counts %s by what a model reads of it, not by the length of its base64', (_, body) => {
    const { estimatedInputTokens } = requestOf(body).traits
    expect(estimatedInputTokens).toBeLessThan(10_000)
  })

  it('sees an image in a tool result', () => {
    expect(requestOf({ input: [{ type: 'function_call_output', call_id: 'c', output: [inImage] }] }).traits.hasImages).toBe(true)
  })

  it.each([
    ['Responses-shaped input', { input: [] }],
    ['a flat function tool', { messages, tools: [{ type: 'function', name: 'f', parameters: {} }] }],
    ['a flat custom tool', { messages, tools: [{ type: 'custom', name: 'ApplyPatch', format: { type: 'grammar' } }] }],
    ['an Anthropic tool', { messages, tools: [{ name: 'f', input_schema: {} }] }],
    ['tool_use blocks', { messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'b', input: {} }] }] }],
    ['tool_result blocks', { messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a' }] }] }],
    ['an Anthropic image', { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'url', url: 'u' } }] }] }],
  ])('calls %s a mixture', (_, body) => {
    expect(requestOf(body).mixed).toBe(true)
  })

  it.each([
    [
      'nested tools',
      {
        messages,
        tools: [
          { type: 'function', function: { name: 'f' } },
          { type: 'custom', custom: { name: 'g' } },
        ],
      },
    ],
    ['image_url parts', { messages: [{ role: 'user', content: [image] }] }],
    [
      'Mistral’s thinking parts',
      { messages: [{ role: 'assistant', content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'x' }] }] }] },
    ],
  ])('calls %s plain chat', (_, body) => {
    expect(requestOf(body).mixed).toBe(false)
  })
})
