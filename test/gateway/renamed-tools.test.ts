// Cursor's mixed bodies go to an OpenAI provider rendered anew, and a tool whose name was too long for it is named back in the
// answer: the client gets calls of the tools it has. And ids of calls that a provider uses again are made others.
import { afterAll, beforeAll, expect, it } from 'vitest'
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
