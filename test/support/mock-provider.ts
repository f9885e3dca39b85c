// A real HTTP server on a loopback port that answers like Anthropic and like OpenAI, well or badly by script, and records what
// it was sent. For tests with sockets: runtimes/ and e2e/. Without sockets: upstream.ts.
//
//   const provider = await startMockProvider()
//   provider.script(...times(2, { status: 503 }))      // the next requests; then good answers again
//   … base URLs: provider.url (Anthropic), provider.openaiUrl …
//   provider.at(0).headers; await provider.closed(0)   // the client's side went away?
//   await provider.stop()
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { textOf } from './json.ts'
import { errorOf, perform, wireOf, type Step, type Wire } from './performance.ts'
import { Recording, type Closing, type RecordedRequest } from './recording.ts'
import { scriptOfModel, type Script } from './scripts.ts'
import { untilTaken } from './taken.ts'

export interface MockProviderOptions {
  /** When given, another credential (x-api-key or Bearer) gets the vendor's 401. */
  readonly apiKey?: string
  /** Applies to requests for which nothing was queued and whose model name asks for nothing. */
  readonly usual?: Script
}

/** A script, or what makes one of the request; `undefined` leaves the request to its model name. */
export type Scripted = Script | ((request: RecordedRequest) => Script | undefined)

export interface MockProvider {
  /** `http://127.0.0.1:PORT`: what Anthropic's SDK calls a base URL. */
  readonly url: string
  /** The same with `/v1`, for OpenAI's. */
  readonly openaiUrl: string
  /** In the order of arrival. */
  readonly requests: readonly RecordedRequest[]
  /** Scripts for the next requests, one each, in order. */
  script(...next: readonly Scripted[]): void
  /** Negative counts from the end. @throws Error when there is no such request */
  at(index: number): RecordedRequest
  received(count: number, ms?: number): Promise<void>
  /** How the exchange of the request ended, once it has. @throws Error after `ms` (10,000) */
  closed(index: number, ms?: number): Promise<Closing>
  /** Bytes of answers handed to sockets and not yet taken by clients. */
  bufferedBytes(): number
  /** Closes idle kept-alive connections: the next request of a pool meets a stale one. */
  dropIdle(): void
  stop(): Promise<void>
}

export async function startMockProvider(options: MockProviderOptions = {}): Promise<MockProvider> {
  const recording = new Recording()
  const queue: Scripted[] = []
  const countByModel = new Map<string, number>()
  const running = new Set<ServerResponse>()

  function scriptFor(request: RecordedRequest): Script {
    const queued = queue.shift()
    const script = typeof queued === 'function' ? queued(request) : queued
    if (script) return script
    const model = textOf(request.json['model'])
    const nth = countByModel.get(model) ?? 0
    countByModel.set(model, nth + 1)
    return { ...options.usual, ...scriptOfModel(model, nth, new Date()) }
  }

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming)
    const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]))
    const request = recording.add(incoming.method ?? '', incoming.url ?? '', headers, body)
    const wire = wireOf(request.path)
    const gone = new AbortController()
    running.add(outgoing)
    outgoing.once('close', () => {
      running.delete(outgoing)
      gone.abort()
      recording.close(request.index, outgoing.writableFinished ? 'answered' : 'client-gone')
    })
    if (wire === null || request.method !== 'POST') return refuse(outgoing, 'openai', 404)
    if (options.apiKey !== undefined && credentialOf(request) !== options.apiKey) return refuse(outgoing, wire, 401)
    const { steps, plan } = perform(wire, request.path, request.json, scriptFor(request), `mock${request.index}`)
    request.plan = plan
    await play(steps, outgoing, gone.signal, () => recording.close(request.index, 'scripted'))
  }

  const server = createServer((incoming, outgoing) => {
    // A client that goes away while it sends or waits ends the exchange; the record says so.
    answer(incoming, outgoing).catch(() => outgoing.destroy())
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  return {
    url,
    openaiUrl: `${url}/v1`,
    requests: recording.requests,
    script: (...next) => void queue.push(...next),
    at: (index) => recording.at(index),
    received: (count, ms) => recording.received(count, ms),
    closed: (index, ms) => recording.closed(index, ms),
    bufferedBytes: () => [...running].reduce((sum, { writableLength }) => sum + writableLength, 0),
    dropIdle: () => server.closeIdleConnections(),
    stop: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function bodyOf(incoming: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function credentialOf(request: RecordedRequest): string | undefined {
  return request.headers['x-api-key'] ?? request.headers['authorization']?.replace(/^Bearer /i, '')
}

function refuse(outgoing: ServerResponse, wire: Wire, status: number): void {
  outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(errorOf(wire, status, 'refused')))
}

async function play(steps: readonly Step[], outgoing: ServerResponse, gone: AbortSignal, onFault: () => void): Promise<void> {
  for (const step of steps) {
    if (gone.aborted) return
    switch (step.do) {
      case 'head':
        outgoing.writeHead(step.status, step.headers)
        outgoing.flushHeaders()
        break
      case 'write':
        if (!outgoing.write(step.bytes)) await once(outgoing, 'drain', { signal: gone })
        break
      case 'wait':
        await sleep(step.ms, undefined, { signal: gone })
        break
      case 'hold':
        await step.until
        break
      case 'hang':
        return
      case 'reset':
        onFault()
        if (outgoing.socket !== null) await untilTaken(outgoing.socket)
        // What was taken must be handed on inside the client, too: its error throws away what it still holds.
        await sleep(20)
        outgoing.socket?.resetAndDestroy()
        return
      case 'close':
        onFault()
        await sleep(20)
        outgoing.destroy()
        return
      case 'end':
        outgoing.end()
        return
    }
  }
}
