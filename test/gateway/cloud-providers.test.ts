// Providers of the big clouds, by their presets: what each is sent over a socket, and how its own ways of answering are read.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { exportPKCS8, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { startMockProvider, type MockProvider } from '../support/mock-provider.ts'

let upstream: MockProvider
let gateway: TestGateway
let tokens: Server
/** Status of the next answers, and how often it was asked. */
const google = { status: 200, asked: 0 }

async function startTokens(): Promise<string> {
  tokens = createServer((request, response) => {
    google.asked++
    request.resume().on('end', () => {
      const answer = google.status === 200 ? { access_token: 'ya29.mock-token', expires_in: 3599 } : { error: 'invalid_grant' }
      response.writeHead(google.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
  })
  tokens.listen(0, '127.0.0.1')
  await once(tokens, 'listening')
  const address = tokens.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/token`
}

beforeAll(async () => {
  upstream = await startMockProvider()
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const account = {
    type: 'service_account',
    client_email: 'gateway@acme.iam.gserviceaccount.com',
    private_key: await exportPKCS8(privateKey),
    token_uri: await startTokens(),
  }
  gateway = await startTestGateway({
    config: {
      providers: {
        gemini: { base_url: upstream.openaiUrl, api_key: 'AIzaSy-mock-gemini-key-0123456789abcdef' },
        vertex: { base_url: upstream.openaiUrl, api_key: JSON.stringify(account) },
        'azure-openai': { base_url: upstream.openaiUrl, api_key: 'mock-azure-key', models: ['my-deployment'] },
      },
    },
  })
})
afterAll(async () => {
  await gateway.stop()
  await upstream.stop()
  tokens.close()
})

const hi = { role: 'user', content: 'Hi' }

async function callOf(response: Response) {
  const turnId = response.headers.get('x-metis-turn-id')
  return (await gateway.events()).find((event) => event.turnId === turnId && event.type.startsWith('llm.'))?.payload
}

describe('Gemini', () => {
  const model = 'gemini:gemini-3.5-flash'
  const signature = { extra_content: { google: { thought_signature: 'skip_thought_signature_validator' } } }

  it('gets the key as a bearer, and Claude Code’s conversation with its calls signed and no user', async () => {
    const response = await gateway.post('/v1/messages', {
      model,
      max_tokens: 9,
      metadata: { user_id: 'session' },
      messages: [
        hi,
        {
          role: 'assistant',
          content: [
            { type: 'tool_use', id: 'a', name: 'f', input: {} },
            { type: 'tool_use', id: 'b', name: 'f', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'a', content: '1' },
            { type: 'tool_result', tool_use_id: 'b', content: '2' },
          ],
        },
      ],
      tools: [{ name: 'f', input_schema: { type: 'object' } }],
    })
    expect([response.status, await response.text()]).toMatchObject([200, expect.any(String)])
    const { headers, json, path } = upstream.at(-1)
    expect([path, headers['authorization']]).toEqual(['/v1/chat/completions', 'Bearer AIzaSy-mock-gemini-key-0123456789abcdef'])
    const call = (id: string) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } })
    expect(json['messages']).toEqual([
      hi,
      { role: 'assistant', content: null, tool_calls: [{ ...call('a'), ...signature }, call('b')] },
      { role: 'tool', tool_call_id: 'a', content: '1' },
      { role: 'tool', tool_call_id: 'b', content: '2' },
    ])
    expect(json).not.toHaveProperty('user')
    expect(json).toMatchObject({ model: 'gemini-3.5-flash', max_tokens: 9 })
    expect(response.headers.get('x-metis-warnings')).toContain('metadata.user_id')
  })

  it.each([
    ['which only the total tells', {}, [20, 0, 996, 572]],
    ['which only the total tells, beside what was cached', { prompt_tokens_details: { cached_tokens: 15 } }, [5, 15, 996, 572]],
    ['which has a name', { completion_tokens_details: { reasoning_tokens: 572 } }, [20, 0, 996, 572]],
    ['not for a cache that is in the total alone', { prompt_tokens_details: { cached_tokens: 572 } }, [0, 572, 424, 0]],
  ])('that thought is paid for its thought, %s', async (_, details, counted) => {
    const usage = { prompt_tokens: 20, completion_tokens: 424, total_tokens: 1016, ...details }
    const message = { role: 'assistant', content: 'x' }
    upstream.script({ body: JSON.stringify({ id: 'a', model: 'gemini-3.5-flash', choices: [{ index: 0, message }], usage }) })
    const response = await gateway.post('/v1/chat/completions', { model, messages: [hi] })
    await response.text()
    const call = await callOf(response)
    const [input_tokens, cached_input_tokens, output_tokens, reasoning_tokens] = counted
    expect(call).toMatchObject({ input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, cost_basis: 'metered' })
    expect(call?.['cost_usd']).toBeGreaterThan(0)
  })

  it.each(['/v1/messages', '/v1/chat/completions'])(
    'says in a list what is wrong, and %s says it in its own way',
    async (door) => {
      const message = 'Invalid JSON payload received. Unknown name "x": Cannot find field.'
      upstream.script({ status: 400, body: JSON.stringify([{ error: { code: 400, message, status: 'INVALID_ARGUMENT' } }]) })
      const response = await gateway.post(door, { model, max_tokens: 9, messages: [hi] })
      expect([response.status, await response.json()]).toMatchObject([400, { error: { message } }])
    },
  )

  it('that refuses the key with 400 is the gateway’s affair, not the client’s', async () => {
    const error = {
      code: 400,
      message: 'API key not valid.',
      status: 'INVALID_ARGUMENT',
      details: [{ reason: 'API_KEY_INVALID' }],
    }
    upstream.script({ status: 400, body: JSON.stringify([{ error }]) })
    const response = await gateway.post('/v1/chat/completions', { model, messages: [hi] })
    expect([response.status, await response.json()]).toMatchObject([502, { error: { code: 'provider_auth_failed' } }])
  })
})

describe('Azure OpenAI', () => {
  it('is asked for a deployment by its name, and paid by the model that answered', async () => {
    const body = {
      id: 'a',
      model: 'gpt-4.1-2025-04-14',
      choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop', content_filter_results: {} }],
      prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }],
      usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
    }
    upstream.script({ body: JSON.stringify(body) })
    const response = await gateway.post('/v1/messages', { model: 'azure-openai:my-deployment', max_tokens: 9, messages: [hi] })
    expect(await response.json()).toMatchObject({ content: [{ type: 'text', text: 'x' }] })
    const { headers, json, path } = upstream.at(-1)
    expect([path, headers['authorization']]).toEqual(['/v1/chat/completions', 'Bearer mock-azure-key'])
    expect(json).toMatchObject({ model: 'my-deployment', max_completion_tokens: 9 })
    // 1,000 × $2 and 100 × $8 a million: OpenAI's price list, which Azure's falls back on.
    expect(await callOf(response)).toMatchObject({ cost_usd: 0.0028, cost_basis: 'metered' })
  })

  it('opens a stream with its filter’s verdict, which no reader trips over', async () => {
    const chunk = (fields: object) => `data: ${JSON.stringify({ object: 'chat.completion.chunk', ...fields })}\n\n`
    const frames = [
      chunk({ id: '', model: '', choices: [], prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }] }),
      chunk({ id: 'a', model: 'gpt-4.1', choices: [{ index: 0, delta: { role: 'assistant', content: 'one' } }] }),
      chunk({ id: 'a', model: 'gpt-4.1', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
      chunk({ id: 'a', model: 'gpt-4.1', choices: [], usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 } }),
      'data: [DONE]\n\n',
    ]
    for (const path of ['/v1/messages', '/v1/chat/completions']) {
      upstream.script({ body: frames.join(''), headers: { 'content-type': 'text/event-stream' } })
      const response = await gateway.post(path, { model: 'my-deployment', max_tokens: 9, stream: true, messages: [hi] })
      expect([response.status, await response.text()]).toMatchObject([200, expect.stringContaining('one')])
      expect(await callOf(response)).toMatchObject({ input_tokens: 5, output_tokens: 1, cost_basis: 'metered' })
    }
  })
})

describe('Vertex AI', () => {
  const model = 'vertex:google/gemini-2.5-flash'

  it('that gives no access token is the gateway’s affair; no secret gets into an answer or the trace', async () => {
    google.status = 400
    const response = await gateway.post('/v1/messages', { model, max_tokens: 9, messages: [hi] })
    const text = await response.text()
    expect([response.status, text]).toEqual([502, expect.stringContaining('invalid_grant')])
    expect(text).not.toMatch(/PRIVATE|ya29|assertion/)
    expect(await callOf(response)).toMatchObject({ error_class: 'auth' })
    google.status = 200
  })

  it('gets an access token, one for many calls, and is paid by Google’s list', async () => {
    const asked = google.asked
    for (const door of ['/v1/messages', '/v1/chat/completions']) {
      const response = await gateway.post(door, { model, max_tokens: 9, messages: [hi] })
      expect([response.status, await response.text()]).toEqual([200, expect.not.stringContaining('ya29')])
      expect(upstream.at(-1).headers['authorization']).toBe('Bearer ya29.mock-token')
      expect(await callOf(response)).toMatchObject({ cost_basis: 'metered', cost_usd: expect.any(Number) })
    }
    expect(google.asked).toBe(asked + 1)
    expect(JSON.stringify(await gateway.events())).not.toMatch(/PRIVATE KEY|ya29/)
  })
})
