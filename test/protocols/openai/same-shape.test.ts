// Chat to chat: which bytes change, and that no other does.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Target } from '../../../src/protocols/protocol.ts'
import { openaiProtocol } from '../../../src/protocols/openai/index.ts'
import { bodyOf, bytesOf, localTarget, plainModel, requestOf, targetOf } from './fixtures.ts'

const { encodeRequest } = openaiProtocol.client
const messages = '"messages":[{"role":"user","content":"Hi"}]'

interface Row {
  readonly claim: string
  readonly sent: string
  readonly to?: Target
  readonly expected: string
  readonly warned?: readonly string[]
  readonly hides?: boolean
}

const reasoning = targetOf()
const noOptions = targetOf({ provider: 'local', capabilities: plainModel, quirks: { noStreamOptions: true } })
const oldNames = targetOf({ provider: 'mistral', capabilities: plainModel, quirks: { maxTokensField: 'max_tokens' } })
const plainOpenai = targetOf({ capabilities: plainModel })

const gemini = targetOf({ model: 'gemini-3.5-flash', capabilities: plainModel, quirks: { geminiDialect: true } })
const signed = '"extra_content":{"google":{"thought_signature":"skip_thought_signature_validator"}}'
const withCall = (model: string, first: string): string =>
  `{"model":"${model}","messages":[{"role":"assistant", "tool_calls":[${first}, {"id":"b"}]},{"role":"tool"}]}`

const rows: readonly Row[] = [
  {
    claim: 'signs a call of Gemini’s whose signature the client has dropped, the first of a turn',
    sent: withCall('gemini-3.5-flash', '{ "id":"a"}'),
    to: gemini,
    expected: withCall('gemini-3.5-flash', `{${signed}, "id":"a"}`),
  },
  {
    claim: 'fills a signature that the client sends as null',
    sent: withCall('gemini-3.5-flash', '{"extra_content": null,"id":"a"}'),
    to: gemini,
    expected: withCall('gemini-3.5-flash', `{${signed.replace(':', ': ')},"id":"a"}`),
  },
  {
    claim: 'leaves Gemini’s own signature',
    sent: withCall('gemini-3.5-flash', '{"id":"a","extra_content":{"google":{"thought_signature":"x"}}}'),
    to: gemini,
    expected: withCall('gemini-3.5-flash', '{"id":"a","extra_content":{"google":{"thought_signature":"x"}}}'),
  },
  {
    claim: 'signs nothing for a Gemini that asks for no signature',
    sent: withCall('gemini-2.5-pro', '{"id":"a"}'),
    to: { ...gemini, model: 'gemini-2.5-pro' },
    expected: withCall('gemini-2.5-pro', '{"id":"a"}'),
  },
  {
    claim: 'keeps from Gemini what it has no field for',
    sent: `{"model":"gemini-3.5-flash","user":"u",${messages},"safety_identifier":"s","store":false,"metadata":{"a":"1"}}`,
    to: gemini,
    expected: `{"model":"gemini-3.5-flash",${messages}}`,
    warned: ['user', 'safety_identifier', 'store', 'metadata'],
  },
  {
    claim: 'signs nothing where there is nothing to sign',
    sent: `{"model":"gemini-3.5-flash","messages":[1,{"tool_calls":[]},{"tool_calls":[{}]},{"tool_calls":null},{"tool_calls":["a"]}]}`,
    to: gemini,
    expected: `{"model":"gemini-3.5-flash","messages":[1,{"tool_calls":[]},{"tool_calls":[{}]},{"tool_calls":null},{"tool_calls":["a"]}]}`,
  },
  {
    claim: 'passes a body with the right model as it is',
    sent: `{ "model" : "gpt-5-mini",  ${messages}, "seed": 9007199254740993, "temperature": 1.0 }`,
    expected: `{ "model" : "gpt-5-mini",  ${messages}, "seed": 9007199254740993, "temperature": 1.0 }`,
  },
  {
    claim: 'replaces only the value of model',
    sent: `{"b":1e2, "model" : "openai:gpt-5-mini" ,${messages},"__proto__":{"x":1}}`,
    expected: `{"b":1e2, "model" : "gpt-5-mini" ,${messages},"__proto__":{"x":1}}`,
  },
  {
    claim: 'finds an escaped model key',
    sent: `{"mod\\u0065l":"a",${messages}}`,
    expected: `{"mod\\u0065l":"gpt-5-mini",${messages}}`,
  },
  {
    claim: 'does not touch a model inside a message',
    sent: `{"model":"a","messages":[{"model":"a"}]}`,
    expected: `{"model":"gpt-5-mini","messages":[{"model":"a"}]}`,
  },
  { claim: 'adds a model where none was given', sent: `{${messages}}`, expected: `{${messages},"model":"gpt-5-mini"}` },
  {
    claim: 'asks for usage in a stream and hides the answer to that',
    sent: `{"model":"gpt-5-mini",${messages},"stream":true}`,
    expected: `{"model":"gpt-5-mini",${messages},"stream":true,"stream_options":{"include_usage":true}}`,
    hides: true,
  },
  {
    claim: 'merges into stream_options',
    sent: `{"model":"gpt-5-mini","stream":true,"stream_options":{ "include_obfuscation":false},${messages}}`,
    expected: `{"model":"gpt-5-mini","stream":true,"stream_options":{"include_usage":true, "include_obfuscation":false},${messages}}`,
    hides: true,
  },
  {
    claim: 'overrides include_usage: false',
    sent: `{"model":"gpt-5-mini","stream":true,"stream_options":{"include_usage": false},${messages}}`,
    expected: `{"model":"gpt-5-mini","stream":true,"stream_options":{"include_usage": true},${messages}}`,
    hides: true,
  },
  {
    claim: 'replaces stream_options: null',
    sent: `{"model":"gpt-5-mini","stream":true,"stream_options":null,${messages}}`,
    expected: `{"model":"gpt-5-mini","stream":true,"stream_options":{"include_usage":true},${messages}}`,
    hides: true,
  },
  {
    claim: 'fills empty stream_options',
    sent: `{"model":"gpt-5-mini","stream":true,"stream_options":{},${messages}}`,
    expected: `{"model":"gpt-5-mini","stream":true,"stream_options":{"include_usage":true},${messages}}`,
    hides: true,
  },
  {
    claim: 'hides nothing from a client that asked for usage itself',
    sent: `{"model":"gpt-5-mini","stream":true,"stream_options":{"include_usage":true},${messages}}`,
    expected: `{"model":"gpt-5-mini","stream":true,"stream_options":{"include_usage":true},${messages}}`,
  },
  {
    claim: 'sends no stream_options to a provider that refuses them',
    sent: `{"model":"gpt-5-mini","stream":true,"stream_options":{"include_usage":true},${messages}}`,
    to: noOptions,
    expected: `{"model":"gpt-5-mini","stream":true,${messages}}`,
    warned: ['stream_options'],
  },
  {
    claim: 'renames max_tokens for an OpenAI model that reasons',
    sent: `{"model":"gpt-5-mini","max_tokens": 32000,${messages}}`,
    expected: `{"model":"gpt-5-mini","max_completion_tokens": 32000,${messages}}`,
  },
  {
    claim: 'drops max_tokens where the new name is given too',
    sent: `{"model":"gpt-5-mini","max_tokens":1,${messages},"max_completion_tokens":2}`,
    expected: `{"model":"gpt-5-mini",${messages},"max_completion_tokens":2}`,
  },
  {
    claim: 'leaves max_tokens to a model that does not reason',
    sent: `{"model":"gpt-5-mini","max_tokens":5,${messages}}`,
    to: plainOpenai,
    expected: `{"model":"gpt-5-mini","max_tokens":5,${messages}}`,
  },
  {
    claim: 'renames back for a provider that knows only max_tokens',
    sent: `{"model":"gpt-5-mini","max_completion_tokens":5,${messages}}`,
    to: oldNames,
    expected: `{"model":"gpt-5-mini","max_tokens":5,${messages}}`,
  },
  {
    claim: 'drops what a reasoning model refuses, first and last fields too',
    sent: `{"temperature":0.2,"top_p":0.9,"model":"gpt-5-mini",${messages},"stop":["a"]}`,
    expected: `{"model":"gpt-5-mini",${messages}}`,
    warned: ['temperature', 'top_p', 'stop'],
  },
  {
    claim: 'keeps the defaults a reasoning model takes',
    sent: `{"temperature":1,"top_p":1.0,"stop":null,"model":"gpt-5-mini",${messages}}`,
    expected: `{"temperature":1,"top_p":1.0,"stop":null,"model":"gpt-5-mini",${messages}}`,
  },
  {
    claim: 'leaves sampling to a model that takes it',
    sent: `{"temperature":0.2,"stop":"x","model":"llama",${messages}}`,
    to: localTarget,
    expected: `{"temperature":0.2,"stop":"x","model":"llama",${messages}}`,
  },
  {
    claim: 'drops, renames and adds in one pass',
    sent: `{"temperature":0,"max_tokens":9,"model":"x",${messages},"stream":true,"stop":"a"}`,
    expected: `{"max_completion_tokens":9,"model":"gpt-5-mini",${messages},"stream":true,"stream_options":{"include_usage":true}}`,
    warned: ['temperature', 'stop'],
    hides: true,
  },
]

describe('a chat body for a provider of the same shape', () => {
  it.each(rows)('$claim', ({ sent, to = reasoning, expected, warned = [], hides = false }) => {
    const encoded = encodeRequest(requestOf(sent), to)
    expect(bodyOf(encoded)).toBe(expected)
    expect(encoded.warnings.map(({ field }) => field)).toEqual(warned)
    expect(encoded.hidesUsageChunk).toBe(hides)
    expect(encoded).toMatchObject({ path: '/chat/completions', inboundShape: 'openai' })
  })

  it('hands out the client’s own bytes when nothing has to change', () => {
    const bytes = bytesOf(`{"model":"gpt-5-mini",${messages}}`)
    const request = openaiProtocol.server.decodeRequest(bytes, new Headers())
    expect(encodeRequest(request, reasoning).body).toBe(bytes)
  })

  it('sends on the client’s openai-beta and no other header', () => {
    const headers = new Headers({ 'openai-beta': 'x=1', authorization: 'Bearer gw_1', 'openai-organization': 'o', cookie: 'c' })
    expect(encodeRequest(requestOf(`{"model":"m",${messages}}`, headers), reasoning).headers).toEqual({ 'openai-beta': 'x=1' })
  })

  it('says the same as the client in every field it has no reason to touch', () => {
    const reserved = new Set([
      'model',
      'messages',
      'stream',
      'stream_options',
      'temperature',
      'top_p',
      'stop',
      'max_tokens',
      'max_completion_tokens',
      'input',
      'tools',
      '__proto__',
    ])
    const fields = fc.dictionary(
      fc.string().filter((key) => !reserved.has(key)),
      fc.jsonValue({ maxDepth: 4 }),
    )
    fc.assert(
      fc.property(fields, fc.boolean(), fc.integer({ min: 0, max: 2 }), (extra, stream, indent) => {
        const body = {
          temperature: 0.5,
          ...extra,
          model: 'alias',
          messages: [{ role: 'user', content: 'Hi' }],
          stream,
          stop: ['x'],
        }
        const sent = JSON.parse(bodyOf(encodeRequest(requestOf(JSON.stringify(body, null, indent)), reasoning)))
        const { temperature: _t, stop: _s, ...rest } = JSON.parse(JSON.stringify(body))
        expect(sent).toEqual({ ...rest, model: 'gpt-5-mini', ...(stream ? { stream_options: { include_usage: true } } : {}) })
      }),
    )
  })
})
