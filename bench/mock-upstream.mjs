// A provider that costs next to nothing: canned answers on both wires, so that what a benchmark sees is the proxy. The model's
// name says how a stream runs: `bench-<content frames>-<ms between frames>`. Own process: `node bench/mock-upstream.mjs`
// prints its port. scripts/kill9.mjs starts it in its own process to see each request.
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

const words = 'The quick brown fox jumps over it '
const anthropicUsage = '"input_tokens":1200,"cache_creation_input_tokens":0,"cache_read_input_tokens":800,"output_tokens":'
const openaiUsage =
  '"usage":{"prompt_tokens":2000,"completion_tokens":64,"total_tokens":2064,"prompt_tokens_details":{"cached_tokens":800}}'
const chunkHead = '"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1795000000,"model":"bench"'

const openaiChunk = (delta, finish) =>
  `data: {${chunkHead},"choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}]}\n\n`

/** Canned bytes by wire: a whole answer; and of a stream the head, one content frame, the tail without and with usage. */
const canned = {
  anthropic: {
    json: Buffer.from(
      '{"id":"msg_bench","type":"message","role":"assistant","model":"bench","content":[{"type":"text","text":"' +
        words.repeat(8) +
        `"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{${anthropicUsage}64,"service_tier":"standard"}}`,
    ),
    head: Buffer.from(
      'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_bench","type":"message","role":"assistant",' +
        `"model":"bench","content":[],"stop_reason":null,"stop_sequence":null,"usage":{${anthropicUsage}1}}}\n\n` +
        'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
    ),
    frame: Buffer.from(
      'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"' +
        `${words}"}}\n\n`,
    ),
    tail: Buffer.from(
      'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n' +
        'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},' +
        `"usage":{${anthropicUsage}64}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n`,
    ),
  },
  openai: {
    json: Buffer.from(
      '{"id":"chatcmpl-bench","object":"chat.completion","created":1795000000,"model":"bench","choices":[{"index":0,' +
        `"message":{"role":"assistant","content":"${words.repeat(8)}","refusal":null},"logprobs":null,"finish_reason":"stop"}],` +
        `${openaiUsage}}`,
    ),
    head: Buffer.from(openaiChunk('{"role":"assistant","content":""}', 'null')),
    frame: Buffer.from(openaiChunk(`{"content":"${words}"}`, 'null')),
    tail: Buffer.from(`${openaiChunk('{}', '"stop"')}data: [DONE]\n\n`),
    tailWithUsage: Buffer.from(
      `${openaiChunk('{}', '"stop"')}data: {${chunkHead},"choices":[],${openaiUsage}}\n\ndata: [DONE]\n\n`,
    ),
  },
}

/** `onRequest(body: Buffer)` is called when a request has been read whole. */
export async function startMockUpstream({ port = 0, onRequest = () => {} } = {}) {
  const server = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
      onRequest(body)
      const wire = request.url.includes('/messages') ? canned.anthropic : canned.openai
      if (body.includes('"stream":true')) stream(response, wire, body)
      else response.writeHead(200, { 'content-type': 'application/json', 'content-length': wire.json.length }).end(wire.json)
    })
  })
  server.keepAliveTimeout = 120_000
  server.requestTimeout = 0
  await new Promise((resolve) => server.listen(port, '127.0.0.1', 4_096, resolve))
  return { port: server.address().port, stop: () => (server.closeAllConnections(), server.close()) }
}

function stream(response, wire, body) {
  const at = body.indexOf('bench-')
  const [, frames, intervalMs] = /^bench-(\d+)-(\d+)/.exec(body.latin1Slice(at, at + 32)) ?? ['', '20', '0']
  const tail = wire.tailWithUsage && body.includes('"include_usage":true') ? wire.tailWithUsage : wire.tail
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  response.write(wire.head)
  let left = Number(frames)
  const timer = setInterval(() => {
    if (left-- > 0) return response.write(wire.frame)
    clearInterval(timer)
    response.end(tail)
  }, Number(intervalMs))
  response.once('close', () => clearInterval(timer))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { port } = await startMockUpstream()
  console.log(port)
}
