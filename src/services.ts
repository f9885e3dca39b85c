// All that the core asks of the world, one interface. A runtime builds it and calls createGateway(services) or
// createServe(services); tests build it with fakes.
import type { Config } from './config/schema.ts'
import type { ByteText } from './ir/json-body.ts'
import type { Storage } from './store/storage.ts'

export interface Services {
  readonly config: Config
  readonly storage: Storage
  readonly send: Send
  readonly clock: Clock
  /** SHA-256 of the UTF-8 text, lower-case hex. Synchronous where the runtime can (performance.md: ports). */
  readonly hash: (text: string) => string | Promise<string>
  readonly readBody: ReadBody
  /** Absent where the runtime has no faster way than decoding. */
  readonly byteText?: ByteText
  /** Calls `gone` once when the client leaves before its answer is complete; at once when it already has. */
  readonly onClientGone: OnClientGone
  /** Of the connection that a request came by; absent where the runtime does not tell. */
  readonly peerAddress?: (request: Request) => string | null
  /** Where the gateway runs beside its clients, and may look at what they keep there. */
  readonly workOf?: WorkOf
  readonly respond: Respond
  /** Runs `task` at the end of this turn of the event loop: what arrives together is committed together. */
  readonly defer: (task: () => void) => void
  /** waitUntil on Workers; awaited at shutdown elsewhere. */
  readonly background: (work: Promise<unknown>) => void
  readonly logger: Logger
  /** This process, for the ledger's orphans (reliability.md §1). */
  readonly instanceId: string
}

export interface Clock {
  /** Wall clock, µs since 1970. */
  nowUs(): number
  /** Monotonic, ms: durations only. */
  nowMs(): number
  /** Rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The one way upstream. Never follows a redirect. Throws UpstreamFailure; aborting the signal closes the connection. */
export type Send = (request: UpstreamRequest, signal: AbortSignal) => Promise<UpstreamResponse>

export interface UpstreamRequest {
  readonly url: string
  readonly method: 'POST' | 'GET'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly connectMs: number
  readonly firstByteMs: number
  readonly idleMs: number
}

export interface UpstreamResponse {
  readonly status: number
  readonly headers: Headers
  /** Buffers as they arrive; pulling is the back-pressure. Returning early closes the connection. */
  readonly body: AsyncIterable<Uint8Array>
}

/** Why an upstream call broke below HTTP. `connect`: nothing was processed. `stale`: a kept-alive connection was gone before a byte came back. */
export type UpstreamFault =
  | 'connect'
  | 'stale'
  | 'reset'
  | 'connect_timeout'
  | 'first_byte_timeout'
  | 'idle_timeout'
  | 'malformed'

export class UpstreamFailure extends Error {
  readonly fault: UpstreamFault
  constructor(fault: UpstreamFault, cause?: unknown) {
    super(`upstream ${fault}`, cause === undefined ? undefined : { cause })
    this.name = 'UpstreamFailure'
    this.fault = fault
  }
}

/**
 * The whole body of a request, counted on bytes read.
 * @throws GatewayError request_too_large, request_timeout, unsupported_encoding
 */
export type ReadBody = (request: Request, limitBytes: number) => Promise<Uint8Array>

/** What a client's session is working on. */
export interface SessionWork {
  readonly project: string
  readonly branch: string | null
}

/** At once for a session that is known; else a promise, which never rejects and which nobody has to wait for. null = nobody knows. */
export type WorkOf = (clientSessionId: string) => SessionWork | null | Promise<SessionWork | null>

export type OnClientGone = (request: Request, gone: () => void) => void

/** Makes an answer. A runtime that knows the iterable writes it to the socket with back-pressure; any other uses a ReadableStream. */
export type Respond = (
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array | AnswerStream | null,
) => Response

export interface AnswerStream {
  readonly chunks: AsyncIterable<Uint8Array>
  /** Written after `keepAliveMs` of silence, only between frames. */
  readonly keepAlive: Uint8Array
  readonly keepAliveMs: number
  /** Called once when the client goes away before the end. */
  readonly cancel: () => void
  /** A client that takes nothing for so long is gone; absent where the runtime tells. */
  readonly takenWithinMs?: number
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Structured lines; fields never hold secrets or prompts. */
export interface Logger {
  /** `details`: what only a machine reads; they are fields like the others, and no part of a line for people. */
  log(
    level: LogLevel,
    message: string,
    fields?: Readonly<Record<string, unknown>>,
    details?: Readonly<Record<string, unknown>>,
  ): void
}
