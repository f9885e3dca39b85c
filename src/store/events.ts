// The catalog of trace events (contract.md §5): one payload schema per type. Writers rely on the types; readers of old rows
// (rebuild, export, sweep) parse with the schemas.
import * as z from 'zod'

export const chainEntry = z.object({
  policy: z.enum([
    'per_message_override',
    'manual_sticky',
    'rule',
    'pattern',
    'delegate_request',
    'workspace_default',
    'global_default',
  ]),
  verdict: z.enum(['not_applicable', 'deferred', 'rejected', 'chose']),
  candidate_model: z.string().nullable(),
  reason: z.string().nullable(),
  rule_name: z.string().nullable(),
  validation_failure: z
    .enum([
      'not_configured',
      'provider_unavailable',
      'no_vision_support',
      'no_tool_support',
      'no_structured_output_support',
      'exceeds_context_window',
    ])
    .nullable(),
})
export type ChainEntry = z.infer<typeof chainEntry>

const identity = {
  gateway_key_id: z.string().nullable(),
  inbound_shape: z.string().nullable(),
  user_id: z.string().nullable(),
  team_id: z.string().nullable(),
  workspace: z.string().nullable(),
  project: z.string().nullable(),
  branch: z.string().nullable(),
  client: z.string().nullable(),
  client_session_id: z.string().nullable(),
  tags: z.record(z.string(), z.string()),
}

export const warning = z.object({ field: z.string(), action: z.enum(['dropped', 'changed']), reason: z.string() })

export const attemptEntry = z.object({
  provider: z.string(),
  model: z.string(),
  status: z.number().nullable(),
  error_class: z.string().nullable(),
  latency_ms: z.number(),
})
export type AttemptEntry = z.infer<typeof attemptEntry>

export const costBasis = z.enum(['metered', 'provider_reported', 'partial_estimate', 'imported', 'subscription', 'unpriced'])
export type CostBasis = z.infer<typeof costBasis>

export const turnStatus = z.enum(['ok', 'failed', 'cancelled', 'interrupted', 'refused'])
export type TurnStatus = z.infer<typeof turnStatus>

export const routeDecided = z.object({
  ...identity,
  requested_model: z.string(),
  chosen_model: z.string().nullable(),
  /** Index into `chain`; -1 = none. */
  winner_index: z.int(),
  elapsed_ms: z.number(),
  chain: z.array(chainEntry),
})

/** Each where the provider told it, and `answered_as` where it named another model than was asked. */
export const pricingFacts = z.object({
  answered_as: z.string().optional(),
  audio_input_tokens: z.int().optional(),
  audio_output_tokens: z.int().optional(),
  web_searches: z.int().optional(),
  inference_geo: z.string().optional(),
  speed: z.string().optional(),
})
export type PricingFacts = z.infer<typeof pricingFacts>

export const llmCallCompleted = z.object({
  ...identity,
  model: z.string(),
  provider: z.string(),
  requested_model: z.string(),
  input_tokens: z.int(),
  output_tokens: z.int(),
  cached_input_tokens: z.int(),
  cache_creation_input_tokens: z.int(),
  cache_creation_1h_tokens: z.int(),
  reasoning_tokens: z.int(),
  /** null = unpriced. */
  cost_usd: z.number().nullable(),
  cost_basis: costBasis,
  /** Of a call that went to the client's own subscription, and so cost 0; null = unpriced. */
  list_price_usd: z.number().nullish(),
  pricing_version: z.string(),
  upstream_cost_usd: z.number().nullable(),
  latency_ms: z.number(),
  ttft_ms: z.number().nullable(),
  stop_reason: z.string().nullable(),
  produced_tool_calls: z.int(),
  produced_thinking_blocks: z.int(),
  stream: z.boolean(),
  attempts: z.int(),
  attempt_log: z.array(attemptEntry),
  usage_estimated: z.boolean(),
  service_tier: z.string().nullable(),
  warnings: z.array(warning),
  error_class: z.string().nullable(),
  upstream_request_id: z.string().nullable(),
  /** What else its price was chosen by; absent or null = nothing else. */
  pricing_facts: pricingFacts.nullish(),
})

export const llmCallFailed = z.object({
  ...identity,
  model: z.string(),
  provider: z.string(),
  requested_model: z.string(),
  error_class: z.string(),
  error_message_redacted: z.string(),
  status: z.number().nullable(),
  attempts: z.int(),
  attempt_log: z.array(attemptEntry),
  latency_ms: z.number(),
  stream: z.boolean(),
})

export const turnCompleted = z.object({
  ...identity,
  status: turnStatus,
  stop_reason: z.string().nullable(),
  /** The refusal's or failure's code; null when it went well. */
  error_code: z.string().nullable(),
  llm_call_count: z.int(),
  tool_call_count: z.int(),
  total_input_tokens: z.int(),
  total_output_tokens: z.int(),
  total_cost_usd: z.number().nullable(),
  wall_time_seconds: z.number(),
})

/** Audit and housekeeping events, kept by `prune`. */
export const auditTypes = [
  'quota.alert',
  'gateway.quota_exceeded',
  'gateway.auth_failed',
  'gateway.rate_limited',
  'gateway.runaway_detected',
  'gateway.runaway_released',
  'gateway.key_issued',
  'gateway.key_revoked',
  'gateway.key_rotated',
  'gateway.key_changed',
  'gateway.hub_token_issued',
  'gateway.hub_token_revoked',
  'gateway.identity_changed',
  'routing.policy_invalid',
  'provider.degraded',
  'trace.swept',
  'trace.gap',
  'trace.pruned',
  'cost.adjusted',
  'analytics.user_exported',
  'analytics.user_forgotten',
] as const
export type AuditType = (typeof auditTypes)[number]

export const eventPayloads = {
  'route.decided': routeDecided,
  'llm.call_completed': llmCallCompleted,
  'llm.call_failed': llmCallFailed,
  'turn.completed': turnCompleted,
} as const

export type RouteDecided = z.infer<typeof routeDecided>
export type LlmCallCompleted = z.infer<typeof llmCallCompleted>
export type LlmCallFailed = z.infer<typeof llmCallFailed>
export type TurnCompleted = z.infer<typeof turnCompleted>

interface EventHead {
  /** ULID, rising within a turn. */
  readonly id: string
  readonly timestampUs: number
  readonly sessionId: string
  readonly turnId: string
  readonly parentEventId: string | null
}

export type TurnEvent = EventHead &
  (
    | { readonly type: 'route.decided'; readonly payload: RouteDecided }
    | { readonly type: 'llm.call_completed'; readonly payload: LlmCallCompleted }
    | { readonly type: 'llm.call_failed'; readonly payload: LlmCallFailed }
    | { readonly type: 'turn.completed'; readonly payload: TurnCompleted }
  )

export type AuditEvent = EventHead & { readonly type: AuditType; readonly payload: Readonly<Record<string, unknown>> }

export type TraceEvent = TurnEvent | AuditEvent
