// The OpenAI SDK through the gateway: an answer, a stream, and a tool round trip. The base URL ends in /v1, the gateway's
// token is the API key, and the model may be anybody's.
//   GW_TOKEN=gw_... node examples/openai.ts          (Node 22.18 or newer)
//   npx esbuild examples/openai.ts | GW_TOKEN=gw_... node --input-type=module -
import OpenAI from 'openai'

const client = new OpenAI({
  baseURL: `${process.env['GW_URL'] ?? 'http://127.0.0.1:8422'}/v1`,
  apiKey: process.env['GW_TOKEN'],
  // The gateway retries by itself: two layers would multiply.
  maxRetries: 0,
})
const model = process.env['MODEL'] ?? 'haiku'

const answer = await client.chat.completions.create({
  model,
  messages: [{ role: 'user', content: 'Say hello in one word.' }],
})
console.log('answer:', answer.choices[0]?.message.content)

const stream = await client.chat.completions.create({
  model,
  messages: [{ role: 'user', content: 'Count to three.' }],
  stream: true,
  stream_options: { include_usage: true },
})
let streamed = ''
let outputTokens = 0
for await (const chunk of stream) {
  streamed += chunk.choices[0]?.delta.content ?? ''
  outputTokens = chunk.usage?.completion_tokens ?? outputTokens
}
console.log('stream:', streamed, `(${outputTokens} tokens)`)

// The loop is the client's: the gateway sees one request at a time and keeps no conversation.
const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'What is the weather in Paris?' }]
const tools: OpenAI.ChatCompletionTool[] = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      description: 'The weather in a city',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
]
for (let turn = 0; turn < 5; turn += 1) {
  const { choices } = await client.chat.completions.create({ model, messages, tools })
  const message = choices[0]?.message
  if (message === undefined) throw new Error('an answer without a choice')
  messages.push(message)
  const calls = message.tool_calls ?? []
  if (calls.length === 0) {
    console.log('after the tool:', message.content)
    break
  }
  for (const call of calls) messages.push({ role: 'tool', tool_call_id: call.id, content: '{"celsius": 18, "sky": "clear"}' })
}
