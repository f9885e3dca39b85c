// The tables of the agent surface, as types.

/** A conversation of the agent surface. */
export interface SessionsTable {
  /** `ses_` + ULID. */
  id: string
  created_us: number
  updated_us: number
  title: string | null
  workspace: string | null
  /** The sticky slot; null = routing decides each turn. */
  active_model: string | null
  system_text: string | null
  user_id: string | null
  team_id: string | null
  client: string
  tags_json: string
  /** One turn at a time: which, and the process that runs it. */
  running_turn_id: string | null
  running_instance_id: string | null
  /** The turn that somebody has told to stop. */
  stop_turn_id: string | null
  /** No longer listed, nothing more can be said; its messages stay until it is purged. */
  deleted_us: number | null
}

/** What was said, in order. A question whose turn has no answer is not sent again. */
export interface SessionMessagesTable {
  session_id: string
  /** From 1. */
  position: number
  turn_id: string
  role: 'user' | 'assistant'
  content: string
  created_us: number
  /** Of an answer, as all below. */
  model: string | null
  /** ok, cancelled, failed, interrupted. */
  status: string | null
  stop_reason: string | null
  input_tokens: number | null
  output_tokens: number | null
  /** null = unpriced. */
  cost_nano_usd: number | null
  latency_ms: number | null
}
