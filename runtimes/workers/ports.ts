// What a Worker gives the core: its clock, its hash, its log, its fetch.
import { webRespond } from '../../src/gateway/web-ports.ts'
import { createWebSend } from '../../src/providers/web-send.ts'
import type { AnswerStream, Clock, Logger, Respond, Send, UpstreamFault } from '../../src/services.ts'

/** Both clocks stand still while code computes (a defence of the platform's); they move with every wait for I/O. */
export const workersClock: Clock = {
  nowUs: () => Date.now() * 1000,
  nowMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason)
        return
      }
      const stop = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop)
        resolve()
      }, ms)
      signal?.addEventListener('abort', stop, { once: true })
    }),
}

const encoder = new TextEncoder()

export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encoder.encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export const randomBytes = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))

/** Lines of JSON, as Workers Logs reads them. */
export function createWorkersLogger(redact: (text: string) => string): Logger {
  return {
    log(level, message, fields = {}, details = {}) {
      if (level === 'debug') return
      const line = redact(JSON.stringify({ level, message, ...fields, ...details }))
      if (level === 'error') console.error(line)
      else if (level === 'warn') console.warn(line)
      else console.log(line)
    },
  }
}

/** The global one must not be called as anybody's method there. */
export const workersSend: Send = createWebSend((url, init) => fetch(url, init), faultOf)

/** workerd has no codes. A connection that is lost may have carried the request; any other fault was before that. */
function faultOf(error: unknown): UpstreamFault {
  const text = error instanceof Error ? error.message : String(error)
  return /connection lost|disconnected|reset/i.test(text) ? 'reset' : 'connect'
}

/**
 * workerd does not tell of every client that leaves: when it finds out by a write that failed, it neither aborts the request's
 * signal nor cancels the stream (1.20260426), and only asks for no more. A reader that pauses so long is cut off with it.
 */
export const workersRespond: Respond = (status, headers, body) =>
  webRespond(status, headers, isStream(body) ? { ...body, takenWithinMs: body.keepAliveMs } : body)

const isStream = (body: Parameters<Respond>[2]): body is AnswerStream =>
  body !== null && typeof body !== 'string' && !(body instanceof Uint8Array)
