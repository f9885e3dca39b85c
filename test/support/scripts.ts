// How a provider misbehaves, as data. A script is chosen by the queue of a mock (`provider.script(…)`) or, in a process of its
// own, by the model's name: `up-503x2`, `up-429x1-ra1`, `up-reset-mid`, … (`scriptOfModel`).
import type { AnswerPlan } from './answer-plan.ts'

export type Fault =
  /** Nothing comes, not even a head. */
  | 'stall-first'
  /** The head comes, then nothing. */
  | 'stall-head'
  | 'stall-mid'
  | 'reset-first'
  | 'reset-mid'
  /** The connection closes inside the body: too few bytes, or no last chunk. */
  | 'fin-mid'
  /** The body ends well-formed, but the wire's own end mark and the stop before it never came. */
  | 'end-mid'
  /** An error event in a running stream; for JSON: an error body with status 200. */
  | 'error-mid'
  | 'html'
  | 'garbage'
  | 'empty'
  /** One line of 17 MiB, above the limit of 16. */
  | 'huge-line'
  | 'redirect'

/** All of it optional: `{}` is a good answer. */
export interface Script {
  readonly fault?: Fault
  /** Not 2xx: the vendor's error envelope. */
  readonly status?: number
  /** Added to the answer's headers, over the usual ones. */
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is, in place of what the plan gives. */
  readonly body?: string
  /** Replaces parts of the planned answer. */
  readonly plan?: Partial<AnswerPlan>
  /** Before the head. */
  readonly delayFirstMs?: number
  /** Before every frame but the first. */
  readonly delayMs?: number
  /** Before the head: as long as the test likes. */
  readonly holdFirst?: Promise<unknown>
  /** Behind the first half of the frames. */
  readonly holdMid?: Promise<unknown>
  /** The body goes out in writes of this many bytes, across frames and characters. */
  readonly sliceBytes?: number
  /** How many frames go out before a `-mid` fault; half of them otherwise. */
  readonly faultAfterFrames?: number
  /** Line ends CR LF instead of LF. */
  readonly crlf?: boolean
}

/** The same script, `count` times: `provider.script(...times(2, { status: 503 }))`, then good answers again. */
export function times(count: number, script: Script): readonly Script[] {
  return Array.from({ length: count }, () => script)
}

/** Headers that ask the client to wait. `date` is rounded to seconds by its own format. */
export const retryAfter = {
  seconds: (seconds: number) => ({ 'retry-after': String(seconds) }),
  date: (at: Date) => ({ 'retry-after': at.toUTCString() }),
  milliseconds: (ms: number) => ({ 'retry-after-ms': String(ms) }),
} as const

/** What of a real provider's headers must not reach the client. */
export const privateHeaders = {
  'set-cookie': '__cf_bm=mock; path=/; HttpOnly',
  'openai-organization': 'org-mock-secret',
  'anthropic-organization-id': 'a1b2c3d4-mock-organization',
  'strict-transport-security': 'max-age=31536000',
  'alt-svc': 'h3=":443"',
  'access-control-allow-origin': '*',
} as const

const named: Readonly<Record<string, Script>> = {
  'up-stall-first': { fault: 'stall-first' },
  'up-stall-head': { fault: 'stall-head' },
  'up-stall-mid': { fault: 'stall-mid' },
  'up-reset-first': { fault: 'reset-first' },
  'up-reset-mid': { fault: 'reset-mid' },
  'up-fin-mid': { fault: 'fin-mid' },
  'up-end-mid': { fault: 'end-mid' },
  'up-error-mid': { fault: 'error-mid' },
  'up-html': { fault: 'html' },
  'up-garbage': { fault: 'garbage' },
  'up-empty': { fault: 'empty' },
  'up-huge-line': { fault: 'huge-line' },
  'up-redirect': { fault: 'redirect' },
  'up-set-cookie': { headers: privateHeaders },
  'up-drip': { sliceBytes: 6, delayMs: 1 },
  'up-slow': { delayMs: 50 },
  'up-crlf': { crlf: true },
}

const statusName = /^up-(\d{3})(?:x(\d+))?(?:-(ra|rad|rams)(\d+))?$/

/**
 * What the `nth` request (from 0) of a model is answered with; `{}` for names that ask for nothing. `up-503` always fails,
 * `up-503x2` twice; `-ra1` adds Retry-After in seconds, `-rad2` a date so many seconds ahead of `now`, `-rams200` milliseconds.
 */
export function scriptOfModel(model: string, nth: number, now: Date): Script {
  const known = named[model]
  if (known) return known
  const [, status, count, wait, amount] = statusName.exec(model) ?? []
  if (status === undefined || nth >= Number(count ?? Infinity)) return {}
  if (wait === undefined) return { status: Number(status) }
  return { status: Number(status), headers: waitHeaders(wait, Number(amount), now) }
}

function waitHeaders(kind: string, amount: number, now: Date): Readonly<Record<string, string>> {
  if (kind === 'rams') return retryAfter.milliseconds(amount)
  if (kind === 'ra') return retryAfter.seconds(amount)
  return retryAfter.date(new Date(now.getTime() + amount * 1_000))
}
