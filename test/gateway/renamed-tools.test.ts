// Cursor's mixed bodies go to an OpenAI provider rendered anew, and a tool whose name was too long for it is named back in the
// answer: the client gets calls of the tools it has, in the one form it reads. And ids of calls that a provider uses again are made
// others.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { listOf, objectOf, parseObject } from '../support/json.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.stop())

const longName = `mcp__a_server_with_a_long_name__${'read_the_file_'.repeat(4)}`
const flatTool = (name: string) => ({ name, input_schema: { type: 'object', properties: {} } })
const bodyOf = (stream: boolean, tools: readonly string[]) => ({
  model: 'openai:gpt-4o-mini',
  stream,
  messages: [{ role: 'user', content: 'read' }],
  tools: tools.map(flatTool),
})

/** What the provider answers: a call of the first tool it was sent. */
async function ask(stream: boolean, tools: readonly string[]) {
  const sentBefore = gateway.provider.requests.length
  const response = await gateway.post('/v1/chat/completions', bodyOf(stream, tools))
  const text = await response.text()
  expect(response.status, text).toBe(200)
  const { tools: sent } = gateway.provider.at(sentBefore).json
  return { text, sentName: objectOf(objectOf(listOf(sent)[0])['function'])['name'] }
}

it.each([false, true])(
  'a tool with a name of more than 64 characters is called by the name the client gave it (stream: %s)',
  async (stream) => {
    const { text, sentName } = await ask(stream, [longName])
    expect(sentName).toMatch(/^.{1,64}$/)
    expect(text).toContain(`"name":"${longName}"`)
    expect(text).not.toContain(String(sentName))
    if (stream) expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true)
    else expect(parseObject(text)).toMatchObject({ object: 'chat.completion', choices: [{ finish_reason: 'tool_calls' }] })
  },
)

it('a name that needs no change leaves the answer as the provider wrote it', async () => {
  const { text, sentName } = await ask(false, ['read'])
  expect(sentName).toBe('read')
  expect(parseObject(text)['id']).not.toMatch(/^chatcmpl-0/)
})

it.each([false, true])('a provider that counts its calls anew in each answer confuses no client (stream: %s)', async (stream) => {
  const call = { type: 'tool', id: '0', name: 'read', args: '{"path":"a"}' } as const
  const tools = [{ name: 'read', input_schema: { type: 'object', properties: {} } }]
  const messages: object[] = [{ role: 'user', content: 'read' }]
  const ids: string[] = []
  for (let round = 0; round < 3; round++) {
    gateway.provider.script({ plan: { parts: [call], stop: 'tool' } })
    const response = await gateway.post('/v1/messages', { model: 'openai:gpt-4o-mini', max_tokens: 9, stream, tools, messages })
    const text = await response.text()
    expect(response.status, text).toBe(200)
    const id = /"type":"tool_use","id":"([^"]+)"/.exec(text)?.[1] ?? ''
    ids.push(id)
    messages.push(
      { role: 'assistant', content: [{ type: 'tool_use', id, name: 'read', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: `result ${round}` }] },
    )
  }
  expect(ids).toEqual(['call_0', 'call_0_1', 'call_0_2'])
  expect(listOf(gateway.provider.at(-1).json['messages']).map((message) => objectOf(message)['tool_call_id'] ?? '')).toEqual([
    '',
    '',
    'call_0',
    '',
    'call_0_1',
  ])
})

const patch = '*** Begin Patch\n*** Add File: a\n+"x"\n*** End Patch'
const customCall = { id: 'call_1', type: 'custom', custom: { name: 'ApplyPatch', input: patch } }
const answerOf = (stream: boolean): string => {
  const head = { id: 'chatcmpl-0', created: 1, model: 'gpt-4o-mini' }
  const message = { role: 'assistant', content: null, tool_calls: [customCall] }
  if (!stream)
    return JSON.stringify({
      ...head,
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
    })
  const chunk = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
  const delta = { role: 'assistant', tool_calls: [{ index: 0, ...customCall }] }
  return `${chunk(delta, null)}${chunk({}, 'tool_calls')}data: [DONE]\n\n`
}

describe.each([false, true])("Cursor's tool that takes text (stream: %s)", (stream) => {
  const tool = { type: 'custom', name: 'ApplyPatch', format: { type: 'grammar', syntax: 'lark', definition: 'start: x' } }
  const ask = async (messages: readonly object[]) => {
    gateway.provider.script({
      body: answerOf(stream),
      headers: { 'content-type': stream ? 'text/event-stream' : 'application/json' },
    })
    const response = await gateway.post('/v1/chat/completions', { model: 'openai:gpt-4o-mini', stream, tools: [tool], messages })
    const text = await response.text()
    expect(response.status, text).toBe(200)
    return text
  }

  it('is called as a function with the text for arguments: Cursor reads no other form', async () => {
    const text = await ask([{ role: 'user', content: 'patch' }])
    expect(text).toContain('"type":"function","function":{"name":"ApplyPatch"')
    expect(text).toContain(`"arguments":${JSON.stringify(patch)}`)
    expect(text).not.toContain('custom')
  })

  it('was called as what it is, when the client says so', async () => {
    const call = { id: 'call_1', type: 'function', function: { name: 'ApplyPatch', arguments: patch } }
    await ask([
      { role: 'user', content: 'patch' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_1', content: 'Done' },
    ])
    expect(objectOf(listOf(gateway.provider.at(-1).json['messages'])[1])['tool_calls']).toEqual([customCall])
  })
})
