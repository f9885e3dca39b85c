// What a provider's refusal means, whatever its wire: one table from HTTP status to GatewayError (translation.md §5).
// A protocol's errors.ts knows only where its own wire keeps the words.
import * as z from 'zod'
import { GatewayError, type ErrorClass, type GatewayErrorDetails, type UpstreamAnswer } from '../ir/errors.ts'
import type { Shape } from '../ir/stream.ts'
import { isObject, jsonOf } from './wire.ts'

export interface UpstreamErrorFacts extends ErrorWords {
  readonly shape: Shape
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/** The vendor's own words, as far as the body could be read. */
export interface ErrorWords {
  readonly message?: string | undefined
  readonly type?: string | undefined
  readonly code?: string | undefined
  readonly param?: string | undefined
}

/**
 * The one way from a provider's error answer to a GatewayError. `error.status` is what a door of another shape answers;
 * a door of the same shape passes `details.upstream` on. A 401 or 403 is about our credential, so none of its text is kept.
 */
export function upstreamErrorOf(facts: UpstreamErrorFacts, nowMs?: number): GatewayError {
  const { status, headers } = facts
  if (status === 401 || status === 403 || isGoogleKeyRefusal(facts)) return credentialRefused(facts)
  const errorClass = isContextOverflow(facts) ? 'context_overflow' : errorClassOf(status, facts.code ?? facts.type)
  const upstream: UpstreamAnswer = {
    shape: facts.shape,
    status,
    headers,
    body: facts.body,
    ...(facts.type === undefined ? {} : { type: facts.type }),
    ...(facts.code === undefined ? {} : { code: facts.code }),
    ...(facts.param === undefined ? {} : { param: facts.param }),
  }
  const retryAfterMs = retryAfterMsOf(headers, nowMs)
  const details: GatewayErrorDetails = {
    status: crossShapeStatusOf(status),
    upstream,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(facts.param === undefined ? {} : { param: facts.param }),
  }
  const message = facts.message === undefined || facts.message === '' ? `upstream returned ${status}` : facts.message
  const code = errorClass === 'timeout' ? 'upstream_timeout' : 'upstream_error'
  return new GatewayError(errorClass, code, maskSecrets(message), details)
}

/** How a provider's status is stored in the trace; a vendor's code or type is heard where the status says too little. */
export function errorClassOf(status: number, code?: string): ErrorClass {
  if (code !== undefined && overflowCodes.has(code)) return 'context_overflow'
  if (code === 'overloaded_error') return 'overloaded'
  if (status === 401 || status === 403) return 'auth'
  if (status === 408 || status === 504) return 'timeout'
  if (status === 429) return 'rate_limit'
  if (status === 503 || status === 529) return 'overloaded'
  if (status >= 500) return 'server_error'
  // 402: neither the request nor the credential is at fault, the account is.
  if (status === 402) return 'other'
  return status >= 400 ? 'invalid_request' : 'other'
}

/** A 429 or 402 that no wait of seconds cures: never retried, unlike a rate limit. */
export function isSpendLimit(error: GatewayError): boolean {
  const { upstream } = error.details
  if (!upstream) return false
  return upstream.status === 402 || [upstream.code, upstream.type].some((word) => word !== undefined && spendCodes.has(word))
}

/**
 * How long the provider asks us to wait, ms. `retry-after-ms` first, then `Retry-After` in seconds or as a date. A date is
 * measured from `nowMs`, or without it from the answer's own `Date`, which is right even when the clocks differ.
 */
export function retryAfterMsOf(headers: Headers, nowMs?: number): number | undefined {
  const exact = headers.get('retry-after-ms')
  if (exact !== null && decimal.test(exact.trim())) return Math.ceil(Number(exact))
  const value = headers.get('retry-after')?.trim()
  if (value === undefined || value === '') return undefined
  if (decimal.test(value)) return Math.ceil(Number(value) * 1000)
  // An HTTP date begins with its weekday; Date.parse would also take `-1` for a year.
  const at = /^[A-Za-z]{3}/.test(value) ? Date.parse(value) : NaN
  const now = nowMs ?? Date.parse(headers.get('date') ?? '')
  return Number.isNaN(at) || Number.isNaN(now) ? undefined : Math.max(0, at - now)
}

/** Reads both vendors' envelopes and the two that frameworks add (`{detail}`, `{message}`); HTML and the rest give no words. */
export function readErrorBody(body: string): ErrorWords {
  const json = jsonOf(body)
  // Gemini's OpenAI wire puts the envelope into a list.
  const parsed = errorBodySchema.safeParse(Array.isArray(json) ? json[0] : json)
  if (!parsed.success) return {}
  const { error, detail, message } = parsed.data
  if (typeof error === 'string') return { message: error }
  if (error) {
    // OpenAI-compatible servers put numbers into `code`.
    const code = error.details?.error_code ?? (error.code === null || error.code === undefined ? undefined : String(error.code))
    return { message: error.message ?? undefined, type: error.type ?? undefined, code, param: error.param ?? undefined }
  }
  if (typeof message === 'string') return { message }
  if (detail === undefined || detail === null) return {}
  return { message: typeof detail === 'string' ? detail : JSON.stringify(detail) }
}

/**
 * What a provider of the client's own wire answered: its status always, its body when that is JSON (a proxy's HTML is not its
 * word). Null for errors that are not such an answer, and for those about our own credential.
 */
export function ownAnswerOf(error: GatewayError, shape: Shape): { readonly status: number; readonly body?: string } | null {
  const { upstream } = error.details
  if (upstream?.shape !== shape) return null
  if (error.errorClass === 'auth' && error.code !== 'own_credential_refused') return null
  return isObject(jsonOf(upstream.body)) ? { status: upstream.status, body: upstream.body } : { status: upstream.status }
}

/** Hides what looks like a credential or an account id; the configured secrets themselves are the redactor's work. */
export function maskSecrets(text: string): string {
  return text.replace(secretLike, '[redacted]')
}

const errorBodySchema = z.looseObject({
  error: z
    .union([
      z.string(),
      z.looseObject({
        message: z.string().nullish().catch(undefined),
        type: z.string().nullish().catch(undefined),
        code: z.union([z.string(), z.number()]).nullish().catch(undefined),
        param: z.string().nullish().catch(undefined),
        details: z
          .looseObject({ error_code: z.string().optional().catch(undefined) })
          .nullish()
          .catch(undefined),
      }),
    ])
    .nullish()
    .catch(undefined),
  detail: z.unknown().optional(),
  message: z.unknown().optional(),
})

const overflowCodes = new Set(['context_length_exceeded', 'context_window_exceeded', 'model_context_window_exceeded'])
const spendCodes = new Set([
  'insufficient_quota',
  'billing_error',
  'billing_hard_limit_reached',
  'enforced_spend_limit_reached',
  'contract_spend_limit_reached',
  'linked_organization_spend_limit_reached',
  'linked_organization_billing_unavailable',
])

// The wordings of Anthropic, OpenAI, vLLM, llama.cpp, Ollama, Gemini and Mistral, 2026-11.
const overflowText =
  /prompt is too long|exceed(?:s|ed)? (?:the )?(?:model'?s? )?(?:available |maximum )?context|tokens exceed the configured limit|maximum context length|context (?:length|window) (?:is |was )?exceeded|input token count .* exceeds|too many tokens in|larger than the max_model_len|input is too long/i

const secretLike =
  /\bsk-[\w-]{8,}|\bgw_\w{8,}|\bBearer\s+[\w.~+/=-]{8,}|\bAIza[\w-]{20,}|(?<=[?&](?:api_)?key=)[^\s&"']+|\b(?:org|acct|proj)-[\w-]{6,}/gi

const decimal = /^\d+(?:\.\d+)?$/

function credentialRefused(facts: UpstreamErrorFacts): GatewayError {
  const { shape, status, headers } = facts
  return new GatewayError(
    'auth',
    'provider_auth_failed',
    `The provider refused the gateway's own credential (HTTP ${status}). Check the provider's api_key in the gateway's configuration; your gateway key is fine.`,
    { status: 502, upstream: { shape, status, headers, body: '' } },
  )
}

/** Google answers a wrong key as a wrong request. */
function isGoogleKeyRefusal({ status, body }: UpstreamErrorFacts): boolean {
  return status === 400 && body.includes('API_KEY_INVALID') && /"reason"\s*:\s*"API_KEY_INVALID"/.test(body)
}

function isContextOverflow(facts: UpstreamErrorFacts): boolean {
  if (facts.code !== undefined && overflowCodes.has(facts.code)) return true
  // 413 and 500 too: some local servers answer so.
  return facts.status !== 429 && facts.message !== undefined && overflowText.test(facts.message)
}

function crossShapeStatusOf(status: number): number {
  if (status === 408 || status === 504) return 504
  if (status === 422) return 400
  if (status === 503 || status === 529) return 503
  if (status >= 500) return 502
  // A redirect is never followed, and any other status below 400 is no answer to a model call.
  return status >= 400 ? status : 502
}
