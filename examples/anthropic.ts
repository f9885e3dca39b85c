// The Anthropic SDK through the gateway: an answer, a stream, and a tool round trip. The base URL is the root (the SDK adds
// /v1/messages), the gateway's token is the API key, and the model may be anybody's.
//   GW_TOKEN=gw_... node examples/anthropic.ts       (Node 22.18 or newer)
//   npx esbuild examples/anthropic.ts | GW_TOKEN=gw_... node --input-type=module -
import Anthropic from '@anthropic-ai/sdk'

const client = new Anthropic({
  baseURL: process.env['GW_URL'] ?? 'http://127.0.0.1:8422',
  apiKey: process.env['GW_TOKEN'] ?? null,
  // The gateway retries by itself: two layers would multiply.
  maxRetries: 0,
})
const model = process.env['MODEL'] ?? 'haiku'

const answer = await client.messages.create({
  model,
  max_tokens: 64,
  messages: [{ role: 'user', content: 'Say hello in one word.' }],
})
console.log('answer:', textOf(answer))

const stream = client.messages.stream({ model, max_tokens: 64, messages: [{ role: 'user', content: 'Count to three.' }] })
const streamed = await stream.finalMessage()
console.log('stream:', textOf(streamed), `(${streamed.usage.output_tokens} tokens)`)

// The loop is the client's: the gateway sees one request at a time and keeps no conversation.
const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'What is the weather in Paris?' }]
const tools: Anthropic.Tool[] = [
  {
    name: 'get_weather',
    description: 'The weather in a city',
    input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
]
for (let turn = 0; turn < 5; turn += 1) {
  const message = await client.messages.create({ model, max_tokens: 256, messages, tools })
  messages.push({ role: 'assistant', content: message.content })
  const calls = message.content.filter((block) => block.type === 'tool_use')
  if (calls.length === 0) {
    console.log('after the tool:', textOf(message))
    break
  }
  messages.push({
    role: 'user',
    content: calls.map((call) => ({ type: 'tool_result', tool_use_id: call.id, content: '{"celsius": 18, "sky": "clear"}' })),
  })
}

function textOf(message: Anthropic.Message): string {
  return message.content.map((block) => (block.type === 'text' ? block.text : '')).join('')
}
