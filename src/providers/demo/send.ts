// The built-in offline provider: an upstream in memory that speaks both wires, so that a demo call walks the whole way a real
// one does. It answers at the pace of a model, and its `fail-…` models fail the way providers do.
import { UpstreamFailure, type Clock, type Send, type UpstreamResponse } from '../../services.ts'
import { estimateTokens } from '../../lib/tokens.ts'
import { errorAnthropic, printAnthropic, readAnthropic, streamAnthropic } from './anthropic-wire.ts'
import { errorOpenAi, printOpenAi, readOpenAi, streamOpenAi } from './openai-wire.ts'
import { demoEmbeddings } from './embeddings.ts'
import { answerTo, type DemoAsk } from './script.ts'

export interface DemoPace {
  /** Before the first frame. */
  readonly firstFrameMs: number
  /** Between two frames of a stream. */
  readonly frameMs: number
  /** Before the first frame of `demo:slow`. */
  readonly slowMs: number
}

/** About 70 tokens a second, as the small models have it. */
export const modelPace: DemoPace = { firstFrameMs: 250, frameMs: 20, slowMs: 8_000 }
/** For tests: nothing waits. */
export const noPace: DemoPace = { firstFrameMs: 0, frameMs: 0, slowMs: 0 }

/**
 * Takes `…/v1/messages`, `…/v1/messages/count_tokens`, `…/chat/completions` and `…/embeddings`; anything else is 404. Models:
 * every name, and `slow`, `fail-429`, `fail-500`, `fail-mid`.
 */
export function createDemoSend(clock: Clock, pace: DemoPace = modelPace): Send {
  return async (request, signal) => {
    signal.throwIfAborted()
    const text = typeof request.body === 'string' ? request.body : new TextDecoder().decode(request.body)
    const { pathname } = new URL(request.url)
    const wire = pathname.endsWith('/chat/completions') ? openai : anthropic
    if (pathname.endsWith('/v1/messages/count_tokens')) {
      return json(200, JSON.stringify({ input_tokens: Math.max(1, estimateTokens(text.length)) }))
    }
    if (pathname.endsWith('/embeddings')) {
      const vectors = demoEmbeddings(text)
      return vectors === null ? json(400, errorOpenAi(400, '`input` is missing')) : json(200, vectors)
    }
    if (!pathname.endsWith('/v1/messages') && !pathname.endsWith('/chat/completions')) {
      return json(404, wire.error(404, `the demo provider has no ${pathname}`))
    }
    const call = wire.read(text)
    if (call === null)
      return json(400, wire.error(400, 'the demo provider cannot read this request: model and messages are needed'))
    const { ask } = call
    if (ask.model === 'fail-429')
      return json(429, wire.error(429, 'the demo provider was asked to be rate limited'), { 'retry-after': '1' })
    if (ask.model === 'fail-500') return json(500, wire.error(500, 'the demo provider was asked to fail'))
    await sleep(ask.model === 'slow' ? pace.slowMs : pace.firstFrameMs, signal)
    const createdS = Math.floor(clock.nowUs() / 1_000_000)
    if (!ask.stream) {
      const body = call.print(createdS)
      return ask.model === 'fail-mid' ? brokenOff(body) : json(200, body)
    }
    return {
      status: 200,
      headers: headersOf('text/event-stream; charset=utf-8'),
      body: paced(ask, call.stream(createdS), signal),
    }
  }

  async function* paced(ask: DemoAsk, frames: Iterable<string>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    let sent = 0
    for (const frame of frames) {
      signal.throwIfAborted()
      if (sent > 0) await sleep(pace.frameMs, signal)
      if (ask.model === 'fail-mid' && sent === failAfterFrames) throw new UpstreamFailure('reset')
      sent += 1
      yield encoder.encode(frame)
    }
  }

  async function sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (ms > 0) await clock.sleep(ms, signal)
  }
}

/** Past the head of either wire, within the text. */
const failAfterFrames = 6
const encoder = new TextEncoder()

interface Call {
  readonly ask: DemoAsk
  print(createdS: number): string
  stream(createdS: number): Iterable<string>
}

interface Wire {
  /** null = not a request of this wire. */
  read(text: string): Call | null
  error(status: number, message: string): string
}

const anthropic: Wire = {
  read: (text) =>
    readable(() => {
      const ask = readAnthropic(text)
      const answer = answerTo(ask)
      return { ask, print: () => printAnthropic(ask, answer), stream: () => streamAnthropic(ask, answer, wordsOf) }
    }),
  error: errorAnthropic,
}

const openai: Wire = {
  read: (text) =>
    readable(() => {
      const ask = readOpenAi(text)
      const answer = answerTo(ask)
      return {
        ask,
        print: (createdS) => printOpenAi(ask, answer, createdS),
        stream: (createdS) => streamOpenAi(ask, answer, createdS, wordsOf),
      }
    }),
  error: errorOpenAi,
}

function readable(read: () => Call): Call | null {
  try {
    return read()
  } catch {
    return null
  }
}

/** A word with the space before it, long ones in pieces: what one frame of a real stream holds. Joined, they are the text. */
function wordsOf(text: string): readonly string[] {
  return text.match(/\s*\S{1,12}|\s+$/gu) ?? []
}

function json(status: number, body: string, headers: Readonly<Record<string, string>> = {}): UpstreamResponse {
  return { status, headers: headersOf('application/json', headers), body: once(body) }
}

/** Half of the body, then the connection is gone. */
function brokenOff(body: string): UpstreamResponse {
  async function* half(): AsyncGenerator<Uint8Array> {
    yield encoder.encode(body.slice(0, body.length / 2))
    throw new UpstreamFailure('reset')
  }
  return { status: 200, headers: headersOf('application/json'), body: half() }
}

async function* once(body: string): AsyncGenerator<Uint8Array> {
  yield encoder.encode(body)
}

function headersOf(contentType: string, more: Readonly<Record<string, string>> = {}): Headers {
  return new Headers({ 'content-type': contentType, 'request-id': 'req_demo', 'x-request-id': 'req_demo', ...more })
}
