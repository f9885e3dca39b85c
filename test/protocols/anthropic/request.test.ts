import { describe, expect, it } from 'vitest'
import { adaptive, bytesOf, client, requestOf, server, targetOf, textOf, thrownBy } from './support.ts'

const hello = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }

describe('the envelope', () => {
  it.each<[string, string, string, string | undefined]>([
    ['nothing', '', 'invalid_json', undefined],
    ['a scalar', '"hi"', 'invalid_json', undefined],
    ['a list', '[]', 'invalid_json', undefined],
    ['a cut body', '{"model":"m","messages":[', 'invalid_json', undefined],
    ['two documents', '{"messages":[]}{}', 'invalid_json', undefined],
    ['a model given twice', '{"model":"a","messages":[],"model":"b"}', 'invalid_json', 'model'],
    ['a model given twice, once escaped', String.raw`{"model":"a","messages":[],"mod\u0065l":"b"}`, 'invalid_json', 'model'],
    ['stream given twice', '{"stream":true,"messages":[],"stream":false}', 'invalid_json', 'stream'],
    ['messages given twice', '{"messages":[],"messages":[]}', 'invalid_json', 'messages'],
    ['129 levels', `{"messages":[],"x":${'['.repeat(129)}${']'.repeat(129)}}`, 'invalid_json', undefined],
    ['a model that is no string', '{"model":1,"messages":[]}', 'invalid_value', 'model'],
    ['a stream that is no boolean', '{"stream":"yes","messages":[]}', 'invalid_value', 'stream'],
    ['messages that are no list', '{"messages":{}}', 'invalid_value', 'messages'],
    ['no messages', '{"model":"m"}', 'invalid_value', 'messages'],
  ])('refuses %s', (_name, body, code, param) => {
    const error = thrownBy(() => requestOf(body))
    expect([error.code, error.status, error.details.param]).toEqual([code, 400, param])
  })

  it('refuses bytes that are not UTF-8', () => {
    expect(thrownBy(() => server.decodeRequest(Uint8Array.of(0x7b, 0xff, 0x7d), new Headers())).code).toBe('invalid_json')
  })

  it('takes a missing model and a missing stream, and what it does not know', () => {
    const request = requestOf({ messages: [{ role: 'robot', content: [{ type: 'hologram' }] }], tomorrow: { __proto__: 1 } })
    expect([request.model, request.stream, request.includeUsage, request.shape]).toEqual(['', false, true, 'anthropic'])
  })
})

describe('traits', () => {
  it('tells of tools, images inside tool results, and a wanted structure', () => {
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'A'.repeat(3600) } }
    const { traits } = requestOf({
      ...hello,
      messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: [image] }] }],
      tools: [{ name: 'f', input_schema: {} }],
      output_config: { format: { type: 'json_schema', schema: {} } },
    })
    expect(traits).toMatchObject({ hasTools: true, hasImages: true, wantsStructuredOutput: true, maxOutputTokens: 9 })
    // An image is 1100 tokens, however long its base64 is.
    expect(traits.estimatedInputTokens).toBeGreaterThan(1100)
    expect(traits.estimatedInputTokens).toBeLessThan(1250)
  })

  it('says no where there is nothing', () => {
    const { traits } = requestOf({ ...hello, tools: [] })
    expect(traits).toMatchObject({ hasTools: false, hasImages: false, wantsStructuredOutput: false })
    expect(traits.estimatedInputTokens).toBe(Math.ceil(JSON.stringify({ ...hello, tools: [] }).length / 3.6) + 3)
  })

  it.each([
    ['JSON', JSON.stringify({ device_id: 'd1', account_uuid: '', session_id: 's1' })],
    ['the older form', 'user_d1_account__session_s1'],
  ])('reads the session out of user_id as %s', (_name, user_id) => {
    expect(requestOf({ ...hello, metadata: { user_id } }).traits).toMatchObject({ deviceId: 'd1', clientSessionId: 's1' })
  })

  it.each([['user-7'], ['{"session_id":'], ['{"session_id":7}']])('finds no session in %s', (user_id) => {
    expect(requestOf({ ...hello, metadata: { user_id } }).traits.clientSessionId).toBeUndefined()
  })
})

describe('the content', () => {
  it('is decoded once', () => {
    const request = requestOf(hello)
    expect(request.content()).toBe(request.content())
  })

  it('keeps the arguments of a call as the client wrote them', () => {
    const body =
      '{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"text","text":"}]"},{"type":"tool_use","id":"a","name":"f","input":{"id": 12345678901234567890, "p": 1.0}}]}]}'
    expect(requestOf(body).content().messages[1]?.parts[1]).toEqual({
      type: 'toolCall',
      id: 'a',
      name: 'f',
      argsText: '{"id": 12345678901234567890, "p": 1.0}',
    })
  })

  it('names the field at fault', () => {
    const messages = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'image', source: { type: 'base64' } },
        ],
      },
    ]
    expect(thrownBy(() => requestOf({ messages }).content()).details.param).toBe('messages[0].content[1].source.media_type')
  })

  it("refuses a thread in the vendor's own words", () => {
    const error = thrownBy(() => requestOf({ ...hello, thread: { type: 'create' } }).content())
    expect(error.code).toBe('thread_unsupported_request')
    const { status, body } = server.encodeError(error, 'r1')
    expect(status).toBe(400)
    expect(JSON.parse(body)).toMatchObject({
      type: 'error',
      error: {
        type: 'invalid_request_error',
        details: { error_code: 'thread_unsupported_request', unsupported: ['thread'] },
      },
    })
  })
})

describe('a request to a provider of the same wire', () => {
  const encode = (body: string, model: string, headers: Record<string, string> = {}) =>
    client.encodeRequest(requestOf(body, headers), targetOf(adaptive, model))

  it('keeps every byte when the model is the same', () => {
    const body = ' {"messages":[] , "model" : "m", "big": 12345678901234567890, "f": 1.0, "model_x": "m"}\n'
    expect(textOf(encode(body, 'm').body)).toBe(body)
  })

  it('changes the model and nothing else', () => {
    const body = ' {"metadata":{"model":"m"},"messages":[] , "model" : "m" , "big": 12345678901234567890, "f": 1.0}\n'
    expect(textOf(encode(body, 'claude-"x"').body)).toBe(body.replace(': "m" ,', String.raw`: "claude-\"x\"" ,`))
  })

  it('puts the model in when there was none', () => {
    expect(textOf(encode('{"messages":[]}', 'x').body)).toBe('{"model":"x","messages":[]}')
  })

  it("forwards the client's version and betas unchanged, and has a version of its own without", () => {
    expect(
      encode('{"messages":[]}', 'm', { 'anthropic-version': '2026-10-21', 'anthropic-beta': 'a-1,b-2', cookie: 'x' }).headers,
    ).toEqual({
      'anthropic-version': '2026-10-21',
      'anthropic-beta': 'a-1,b-2',
    })
    expect(encode('{"messages":[]}', 'm').headers).toEqual({ 'anthropic-version': '2023-06-01' })
  })

  it('says what it is', () => {
    expect(encode('{"stream":true,"messages":[]}', 'm')).toMatchObject({
      path: '/v1/messages',
      stream: true,
      inboundShape: 'anthropic',
      warnings: [],
      hidesUsageChunk: false,
    })
  })

  const own = '{"type":"thinking","thinking":"t","signature":"EqQB"}'
  const tagged = '{ "type": "thinking", "thinking": "]}," , "signature": "metis.Z3B0" }'
  const unsigned = '{"type":"thinking","thinking":"t","signature":""}'
  const bare = '{"type":"thinking","thinking":"t"}'
  const said = '{"type":"text","text":"\\"metis.\\" 1.0", "n": 12345678901234567890}'
  const wrap = (...blocks: readonly string[]): string =>
    `{"model":"m","messages":[{"role":"user","content":"metis."},{"role":"assistant","content":[ ${blocks.join(' , ')} ]}],"x":1.0}`

  it.each([
    ['first', [tagged, said], [said]],
    ['last', [said, tagged], [said]],
    ['in the middle', [own, tagged, said], [own, said]],
    ['alone', [tagged], []],
    ['in runs', [tagged, unsigned, said, unsigned, bare], [said]],
    ['not at all', [own, said], [own, said]],
  ])('takes foreign thinking out where it stands %s, and leaves every other byte', (_name, before, after) => {
    const { body } = encode(wrap(...before), 'm')
    expect(JSON.parse(textOf(body))).toEqual(JSON.parse(wrap(...after)))
    for (const block of after) expect(textOf(body)).toContain(block)
    expect(textOf(body).endsWith(']}],"x":1.0}')).toBe(true)
  })

  it('leaves thinking alone that a user quotes', () => {
    const body = `{"model":"m","messages":[{"role":"user","content":[${tagged}]}]}`
    expect(textOf(encode(body, 'm').body)).toBe(body)
  })

  it('reads the envelope again for a request it did not decode itself', () => {
    const request = requestOf(wrap(tagged, said))
    const copy = { ...request, source: { ...request.source, bytes: bytesOf(wrap(tagged, said)) } }
    expect(textOf(client.encodeRequest(copy, targetOf(adaptive, 'y')).body)).toBe(
      textOf(client.encodeRequest(request, targetOf(adaptive, 'y')).body),
    )
  })
})
