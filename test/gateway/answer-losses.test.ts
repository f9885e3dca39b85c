// What an answer loses on its way to a client of the other wire is on record, and in the header where there is still time for
// one (translation.md §1 rule 2 and §3, verdict W). A client of the same wire gets the bytes, and loses nothing.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.stop())

const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5',
  content: [{ type: 'text', text: 'so far' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 3 },
}
const search = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }
const found = { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] }
const tomorrow = { type: 'hologram', data: 'x' }
const completion = {
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-4o-mini',
  usage: { prompt_tokens: 5, completion_tokens: 3 },
}

interface Loss {
  readonly what: string
  readonly wire: 'anthropic' | 'openai'
  readonly whole: object
  /** The same as a stream. */
  readonly frames: string
  readonly fields: readonly string[]
}

function ofAnthropic(what: string, over: Partial<Record<keyof typeof message, unknown>>, fields: readonly string[]): Loss {
  const { content, stop_reason, usage, ...head } = { ...message, ...over }
  const blocks = Array.isArray(content) ? content : []
  const frames = [
    { type: 'message_start', message: { ...head, content: [], stop_reason: null, usage: message.usage } },
    ...blocks.flatMap((content_block: unknown, index) => [
      { type: 'content_block_start', index, content_block },
      { type: 'content_block_stop', index },
    ]),
    { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage },
    { type: 'message_stop' },
  ]
  const text = frames.map((frame) => `event: ${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`).join('')
  return { what, wire: 'anthropic', whole: { ...message, ...over }, frames: text, fields }
}

function ofOpenai(what: string, answers: readonly (string | readonly object[])[], fields: readonly string[]): Loss {
  const choices = answers.map((content, index) => ({ index, message: { role: 'assistant', content }, finish_reason: 'stop' }))
  const chunks = choices.map(({ index, message: delta, finish_reason }) => ({
    ...completion,
    choices: [{ index, delta, finish_reason }],
  }))
  const text = [...chunks.map((chunk) => JSON.stringify(chunk)), '[DONE]'].map((data) => `data: ${data}\n\n`).join('')
  return { what, wire: 'openai', whole: { ...completion, choices }, frames: text, fields }
}

const losses: readonly Loss[] = [
  ofAnthropic('a paused turn', { stop_reason: 'pause_turn' }, ['stop_reason']),
  ofAnthropic('a server tool and its result', { content: [search, found, ...message.content] }, [
    'content.server_tool_use',
    'content.web_search_tool_result',
  ]),
  ofAnthropic('the count of searches', { usage: { ...message.usage, server_tool_use: { web_search_requests: 2 } } }, [
    'usage.server_tool_use',
  ]),
  ofAnthropic('a block nobody knows yet, twice', { content: [tomorrow, ...message.content, tomorrow] }, ['content.hologram']),
  ofAnthropic('nothing', {}, []),
  ofOpenai('a second choice', ['one', 'two'], ['choices']),
  ofOpenai(
    'a block of references',
    [
      [
        { type: 'reference', reference_ids: [1] },
        { type: 'text', text: 'one' },
      ],
    ],
    ['content.reference'],
  ),
  ofOpenai('nothing', ['one'], []),
]

const doors = {
  anthropic: { path: '/v1/messages', model: 'anthropic:claude-haiku-4-5' },
  openai: { path: '/v1/chat/completions', model: 'openai:gpt-4o-mini' },
} as const
const otherOf = { anthropic: 'openai', openai: 'anthropic' } as const

async function ask(door: 'anthropic' | 'openai', model: string, stream: boolean) {
  const body = { model, stream, max_tokens: 64, messages: [{ role: 'user', content: 'hi' }] }
  const response = await gateway.post(doors[door].path, body)
  const text = await response.text()
  expect(response.status, text).toBe(200)
  const turnId = response.headers.get('x-metis-turn-id')
  const call = (await gateway.events()).find((event) => event.turnId === turnId && event.type === 'llm.call_completed')
  return { header: response.headers.get('x-metis-warnings'), warnings: call?.payload['warnings'], text }
}

describe.each(losses)('$what in an answer of the $wire wire', ({ wire, whole, frames, fields }) => {
  const { model } = doors[wire]
  const recorded = fields.map((field) => expect.objectContaining({ field }))

  it('is told to a client of the other wire', async () => {
    gateway.provider.script({ body: JSON.stringify(whole) })
    const { header, warnings } = await ask(otherOf[wire], model, false)
    expect(warnings).toEqual(recorded)
    expect(header).toBe(fields.length === 0 ? null : fields.join(','))
  })

  it('is on record for a stream, whose headers were out before it came', async () => {
    gateway.provider.script({ body: frames, headers: { 'content-type': 'text/event-stream' } })
    const { warnings } = await ask(otherOf[wire], model, true)
    expect(warnings).toEqual(recorded)
  })

  it('is no loss to a client of the same wire', async () => {
    gateway.provider.script({ body: JSON.stringify(whole) })
    const { header, warnings, text } = await ask(wire, model, false)
    expect([header, warnings]).toEqual([null, []])
    expect(text).toBe(JSON.stringify(whole))
  })
})
