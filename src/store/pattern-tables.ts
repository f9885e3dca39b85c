// The tables of the pattern slot, as types.

/** What the pattern slot learned of a turn; no text. */
export interface TurnPatternsTable {
  turn_id: string
  /** Of what was learned of it last. */
  timestamp_us: number
  model: string
  /** 0 to 1. */
  outcome: number
  cost_nano_usd: number | null
  fingerprint_json: string
}

/** What people say of a turn. */
export interface TurnFeedbackTable {
  turn_id: string
  timestamp_us: number
  /** 0 to 1. */
  rating: number
}
