// Socket → Request → Response → socket, with the limits of reliability.md §3. An answer made by `nodeRespond` is written
// straight to the socket with back-pressure; any other goes through its web stream.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Server as SocketServer, type Socket } from 'node:net'
import type { AnswerStream } from '../../src/services.ts'
import { createRequest } from './request.ts'
import { socketAnswerOf } from './respond.ts'
import { answerStreamOf, writeStream } from './write-stream.ts'

const HEADER_BYTES = 16 * 1024
const HEADER_LINES = 100
const ONE_WRITE_BYTES = 16 * 1024
const LINGER_MS = 2000
const QUIET_CHECK_MS = 50
const LINGER_BYTES = 64 * 1024 * 1024

/** After the last connection was taken, idle ones stay this long: a proxy may have sent a request there, and cannot again. */
const HANDOVER_MS = 250

export interface Listening {
  readonly port: number
  readonly hosts: readonly string[]
  /**
   * Stops accepting; idle connections are closed a moment later, and others with their next answer; running ones go on.
   * Resolves when every connection is gone; those left after `forceMs` are destroyed.
   */
  close(forceMs: number): Promise<void>
}

export interface ListenLimits {
  readonly connections: number
  /** From the first byte of a request, or the opening of its connection, until its head is whole. */
  readonly headMs: number
  readonly requestMs: number
  /** How often Node looks for what is overdue. */
  readonly checkMs: number
}

const usualLimits: ListenLimits = { connections: 2048, headMs: 10_000, requestMs: 300_000, checkMs: 5_000 }

export type Fetch = (request: Request) => Promise<Response>

export interface ListenOptions {
  /** 0 = any that is free. */
  readonly port: number
  /** Both loopback addresses when absent. */
  readonly host?: string
  readonly limits?: Partial<ListenLimits>
}

/** @throws the listen error (EADDRINUSE …) of the first host; ::1 may be missing on a machine */
export async function listen(fetch: Fetch, options: ListenOptions): Promise<Listening> {
  const { port: wanted, host = '127.0.0.1' } = options
  const limits = { ...usualLimits, ...options.limits }
  const first = createListener(fetch, limits)
  await bind(first.server, wanted, host)
  const address = first.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : wanted
  const listeners = [first]
  const hosts = [host]
  if (options.host === undefined) {
    const second = createListener(fetch, limits)
    const bound = await bind(second.server, port, '::1').then(
      () => true,
      () => false,
    )
    if (bound) {
      listeners.push(second)
      hosts.push('::1')
    }
  }
  return {
    port,
    hosts,
    async close(forceMs) {
      await Promise.all(listeners.map((listener) => closeListener(listener, forceMs)))
    },
  }
}

interface Listener {
  readonly server: Server
  /** Connections that have not sent a request yet: Node counts them as busy until their headers are overdue. */
  readonly silent: Set<Socket>
}

function createListener(fetch: Fetch, limits: ListenLimits): Listener {
  const silent = new Set<Socket>()
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: limits.headMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.checkMs,
      // Longer than clients keep theirs, so that it is the client who closes and never a request that meets a closed socket.
      keepAliveTimeout: 75_000,
      noDelay: true,
    },
    (incoming, outgoing) => {
      silent.delete(incoming.socket)
      // Not listening any more: what comes on a connection that was there is answered, and is its last.
      if (!server.listening) outgoing.shouldKeepAlive = false
      void handle(fetch, incoming, outgoing)
    },
  )
  // Node would drop what is over its own limit in silence.
  server.maxHeadersCount = 0
  let connections = 0
  server.on('connection', (socket: Socket) => {
    connections += 1
    silent.add(socket)
    socket.once('close', () => {
      connections -= 1
      silent.delete(socket)
    })
    if (connections > limits.connections) refuseConnection(socket)
  })
  return { server, silent }
}

async function handle(fetch: Fetch, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  if (incoming.rawHeaders.length > HEADER_LINES * 2) {
    writeWhole(incoming, outgoing, 431, { connection: 'close' }, '')
    return
  }
  const { request, gone } = createRequest(incoming)
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone()
  })
  let response: Response
  try {
    response = await fetch(request)
  } catch {
    // The core renders every failure itself; this is the net under it.
    writeWhole(
      incoming,
      outgoing,
      500,
      { 'content-type': 'application/json' },
      '{"error":{"message":"internal error","code":"internal_error"}}',
    )
    return
  }
  const answer = socketAnswerOf(response)
  if (answer === null) {
    await writeResponse(incoming, outgoing, response)
    return
  }
  const { status, headers, body } = answer
  if (body === null || typeof body === 'string' || body instanceof Uint8Array)
    writeWhole(incoming, outgoing, status, headers, body ?? '')
  else await writeAnswerStream(incoming, outgoing, status, headers, body)
}

function writeWhole(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
): void {
  if (outgoing.destroyed) return
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
  const hasBody = status !== 204 && status !== 304
  if (incoming.complete || !expectsBody(incoming)) {
    outgoing.writeHead(status, hasBody ? { ...headers, 'content-length': length } : headers)
    if (incoming.method === 'HEAD' || !hasBody) outgoing.end()
    else if (typeof body === 'string' || length > ONE_WRITE_BYTES) outgoing.end(body)
    // As a string of bytes it goes out in the same write as the head.
    else outgoing.end(Buffer.from(body.buffer, body.byteOffset, length).toString('latin1'), 'latin1')
    return
  }
  // The client is still sending. Closing now would reset the connection and lose this answer on its way (lingering close).
  outgoing.writeHead(status, { ...headers, 'content-length': length, connection: 'close' })
  outgoing.write(body)
  discardRest(incoming, () => outgoing.end())
}

function expectsBody(incoming: IncomingMessage): boolean {
  return incoming.headers['content-length'] !== undefined || incoming.headers['transfer-encoding'] !== undefined
}

function discardRest(incoming: IncomingMessage, done: () => void): void {
  let left = LINGER_BYTES
  const finish = () => {
    clearTimeout(timer)
    incoming.off('data', onData).off('end', finish).off('close', finish)
    done()
  }
  const timer = setTimeout(finish, LINGER_MS)
  const onData = (bytes: Buffer) => {
    left -= bytes.byteLength
    if (left < 0) finish()
  }
  incoming.on('data', onData).on('end', finish).on('close', finish)
  incoming.on('error', () => undefined)
  incoming.resume()
}

async function writeAnswerStream(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  stream: AnswerStream,
): Promise<void> {
  if (incoming.method === 'HEAD' || outgoing.destroyed) {
    stream.cancel()
    outgoing.end()
    return
  }
  outgoing.writeHead(status, headers)
  await writeStream(outgoing, stream)
}

/** For answers that are not ours to write directly (hono's own, `new Response`). */
async function writeResponse(incoming: IncomingMessage, outgoing: ServerResponse, response: Response): Promise<void> {
  const headers: Record<string, string> = {}
  response.headers.forEach((value, name) => {
    headers[name] = value
  })
  if (response.body !== null && isStream(headers)) {
    await writeAnswerStream(incoming, outgoing, response.status, headers, answerStreamOf(response.body))
    return
  }
  writeWhole(incoming, outgoing, response.status, headers, new Uint8Array(await response.arrayBuffer()))
}

/** Everything else is whole at once, and gets its length. */
const isStream = (headers: Readonly<Record<string, string>>): boolean =>
  headers['content-type']?.startsWith('text/event-stream') === true

function refuseConnection(socket: Socket): void {
  socket.end('HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
}

function bind(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function closeListener(listener: Listener, forceMs: number): Promise<void> {
  const { server } = listener
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), forceMs)
    let quiet: ReturnType<typeof setInterval> | undefined
    // A connection that is answering now goes idle later, and its client may hold it open for minutes.
    const startClosing = () => {
      closeQuiet(listener)
      quiet = setInterval(() => closeQuiet(listener), QUIET_CHECK_MS)
    }
    const handover = setTimeout(startClosing, Math.min(HANDOVER_MS, forceMs))
    // Not `server.close`, which closes what is idle at this moment: a request may be on its way there.
    SocketServer.prototype.close.call(server, () => {
      clearTimeout(force)
      clearTimeout(handover)
      clearInterval(quiet)
      resolve()
    })
  })
}

function closeQuiet({ server, silent }: Listener): void {
  server.closeIdleConnections()
  for (const socket of silent) socket.destroy()
}
