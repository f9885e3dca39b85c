// Tables as types. snake_case is the database's; stores cross it in one function. Booleans are 0/1 (D1 and SQLite drivers
// disagree on true), money is integer nano-USD, times are µs since 1970, all below 2^53.
import type { TurnFeedbackTable, TurnPatternsTable } from './pattern-tables.ts'
import type { SessionMessagesTable, SessionsTable } from './session-tables.ts'

import type { SettledFactsTable, SettledSpansTable, SettledUsageTable, UsageSums } from './settled-tables.ts'

export interface Database {
  events: EventsTable
  calls: CallsTable
  usage_hourly: UsageHourlyTable
  settled_spans: SettledSpansTable
  settled_usage: SettledUsageTable
  settled_facts: SettledFactsTable
  inflight: InflightTable
  instances: InstancesTable
  gateway_keys: GatewayKeysTable
  users: UsersTable
  teams: TeamsTable
  quotas: QuotasTable
  rate_buckets: RateBucketsTable
  brakes: BrakesTable
  sessions: SessionsTable
  session_messages: SessionMessagesTable
  turn_messages: TurnMessagesTable
  hub_tokens: HubTokensTable
  pushed_names: PushedNamesTable
  pushed_turns: PushedTurnsTable
  turn_patterns: TurnPatternsTable
  turn_feedback: TurnFeedbackTable
}

/** Append-only: the truth. Everything else but keys and identities is derived from it. */
export interface EventsTable {
  id: string
  timestamp_us: number
  session_id: string
  turn_id: string
  parent_event_id: string | null
  type: string
  actor: string
  sensitivity: string
  payload_json: string
}

/** One narrow row per turn that had an upstream call, written in the transaction of its events. */
export interface CallsTable {
  turn_id: string
  /** When the call ended. */
  timestamp_us: number
  session_id: string
  gateway_key_id: string | null
  user_id: string | null
  team_id: string | null
  workspace: string | null
  project: string | null
  branch: string | null
  client: string | null
  inbound_shape: string | null
  provider: string
  /** Canonical: `provider:name`. */
  model: string
  requested_model: string
  /** ok, failed, cancelled, interrupted. */
  status: string
  error_class: string | null
  stop_reason: string | null
  stream: number
  /** Uncached input. */
  input_tokens: number
  output_tokens: number
  cached_input_tokens: number
  cache_creation_input_tokens: number
  cache_creation_1h_tokens: number
  reasoning_tokens: number
  /** null = unpriced; failed calls cost 0. */
  cost_nano_usd: number | null
  cost_basis: string
  /** What a call of a client's own subscription would have cost; null = it is none, or unpriced. */
  list_nano_usd: number | null
  pricing_version: string
  latency_ms: number
  ttft_ms: number | null
  attempts: number
  tool_calls: number
  service_tier: string | null
  /** `{"k":"v"}`. */
  tags_json: string
}

/** Sums per hour and identity; '' stands for "none" in the key columns (a primary key holds no NULL on Postgres). */
export interface UsageHourlyTable extends UsageSums {
  /** Start of the hour. */
  hour_us: number
  gateway_key_id: string
  user_id: string
  team_id: string
  workspace: string
  project: string
  branch: string
  client: string
  inbound_shape: string
  provider: string
  model: string
  failed_calls: number
}

/** Turns that are upstream now: what a dead process leaves behind. */
export interface InflightTable {
  turn_id: string
  instance_id: string
  started_us: number
  /** What closing the turn needs beside its route event when its process is gone: an OpenedNote (trace-store.ts). */
  opened_json: string
}

export interface InstancesTable {
  id: string
  host: string
  pid: number
  /** What tells a reused pid from the old process (ticks since boot on Linux; '' where unknown). */
  process_start: string
  version: string
  started_us: number
  heartbeat_us: number
}

export interface GatewayKeysTable {
  /** `gk_` + the ULID inside the token. */
  id: string
  name: string
  /** SHA-256 of the token, hex; the token itself is nowhere. */
  token_hash: string
  workspace: string | null
  user_id: string | null
  team_id: string | null
  allowed_models_json: string
  daily_cap_nano_usd: number | null
  monthly_cap_nano_usd: number | null
  /** One-off. */
  budget_nano_usd: number | null
  allow_unpriced: number
  requests_per_minute: number | null
  tokens_per_minute: number | null
  concurrent_turns: number | null
  tags_json: string
  log_messages: number
  ignore_client_model: number
  created_us: number
  expires_us: number | null
  revoked_us: number | null
  last_used_us: number | null
  /** The key that took this one's place: this one works until `expires_us`. */
  successor_id: string | null
  /** The first of the keys that took each other's place: what is limited is limited for all of them. null = this one. */
  root_id: string | null
}

export interface UsersTable {
  id: string
  display_name: string
  team_id: string | null
  daily_cap_nano_usd: number | null
  monthly_cap_nano_usd: number | null
  /** One-off. */
  budget_nano_usd: number | null
  created_us: number
  disabled_us: number | null
}

export interface TeamsTable {
  id: string
  display_name: string
  daily_cap_nano_usd: number | null
  monthly_cap_nano_usd: number | null
  /** One-off. */
  budget_nano_usd: number | null
  created_us: number
  disabled_us: number | null
}

/** What is spent and reserved of a cap in one of its periods; the limit itself stands with its key, user or team. */
export interface QuotasTable {
  /** key, user, team. */
  kind: string
  id: string
  /** daily, monthly, budget. */
  scope: string
  /** Its start; 0 for a budget. */
  period_us: number
  spent_nano_usd: number
  /** By turns that are upstream now. */
  reserved_nano_usd: number
  /** The highest alert that was given: 0, 80 or 95. */
  alerted_percent: number
  /** Which turn reserved last: what its further statements are judged by. */
  last_turn_id: string
}

/** What is left of a limit per minute, where several gateways share it. */
export interface RateBucketsTable {
  id: string
  /** Millionths; below 0 = in debt. */
  level: number
  updated_us: number
}

/** What was asked and answered, of keys with `log_messages`; nowhere else is any of it. */
export interface TurnMessagesTable {
  turn_id: string
  created_us: number
  /** The client's body: without secrets and binary data, cut. */
  request_text: string
  /** The answer's parts as JSON, treated alike. */
  answer_text: string
}

/** Who is stopped for running away. */
export interface BrakesTable {
  /** `key:gk_…` or `session:gk_…/…`. */
  subject: string
  reason: string
  since_us: number
}

/** On a hub: who may push to it. */
export interface HubTokensTable {
  /** `hub_` + the ULID inside the token. */
  id: string
  /** The laptop, by a name that stays when its token is changed: what it pushed is its own. */
  source: string
  token_hash: string
  created_us: number
  revoked_us: number | null
  last_push_us: number | null
}

/** On a hub: what the ids in pushed rows are called. Names alone: nothing here is a key or has a cap. */
export interface PushedNamesTable {
  kind: 'gateway_key' | 'user' | 'team'
  id: string
  name: string
  /** Who brought it first. */
  source: string
}

/** On a laptop: the turns that a hub has. */
export interface PushedTurnsTable {
  /** Its address. */
  hub: string
  turn_id: string
}
