// Rows of the sums of the past (settled.ts), as types.

/** Hours and days whose sums below are, or will be, there (settled.ts). */
export interface SettledSpansTable {
  /** `hour` or `day`. */
  span: string
  start_us: number
  /** Who summed it last. */
  claim: string
  /** 0/1: the sums may be used. */
  ready: number
}

/** What is summed of calls, of an hour and of what is settled. */
export interface UsageSums {
  call_count: number
  unpriced_calls: number
  input_tokens: number
  output_tokens: number
  cached_input_tokens: number
  cache_creation_input_tokens: number
  cache_creation_1h_tokens: number
  reasoning_tokens: number
  cost_nano_usd: number
  /** Cost of calls whose tokens were counted by the provider. */
  measured_cost_nano_usd: number
  /** Of clients' own subscriptions: they cost nothing, and at list price so much. */
  subscription_calls: number
  list_nano_usd: number
  latency_ms_sum: number
  last_call_us: number
}

/** Usage of a settled span, split one way; '' stands for "none", and for what it is not split by. */
export interface SettledUsageTable extends UsageSums {
  /** Names of the columns that it is split by. */
  split: string
  span: string
  start_us: number
  gateway_key_id: string
  user_id: string
  team_id: string
  project: string
  client: string
  provider: string
  model: string
  branch: string
  inbound_shape: string
  session_id: string
  tags_json: string
}

/** What analytics counts beside money (analytics/facts.ts), of a settled span; '' stands for "none". */
export interface SettledFactsTable {
  /** `whole`, or `byModel`: who it was is left out. */
  resolution: string
  span: string
  kind: string
  start_us: number
  gateway_key_id: string
  user_id: string
  team_id: string
  project: string
  client: string
  provider: string
  model: string
  detail: string
  /** `bucket:count …`. */
  histogram: string
  count: number
  retried: number
  missed_tokens: number
  missed_write_5m_tokens: number
  missed_write_1h_tokens: number
  last_us: number
}
