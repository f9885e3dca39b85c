// Who is calling and on what work: read once at the door, carried by every row of the turn.

/** A spending limit that every turn of its key, user or team stays within. */
export interface Cap {
  readonly kind: 'key' | 'user' | 'team'
  readonly id: string
  /** Days and months in UTC; a budget is there once. */
  readonly scope: 'daily' | 'monthly' | 'budget'
  readonly limitNanoUsd: number
}

/** How fast a key may ask; null = as fast as it likes. */
export interface Rates {
  /** Whose they are: keys that took each other's place have them together. */
  readonly id: string
  readonly requestsPerMinute: number | null
  readonly tokensPerMinute: number | null
  readonly concurrentTurns: number | null
}

export interface Principal {
  /** `gk_…`; null for the agent surface, which runs in-process without a key. */
  readonly keyId: string | null
  readonly keyName: string | null
  readonly userId: string | null
  readonly teamId: string | null
  readonly workspace: string | null
  /** Canonical ids, aliases or globs (`anthropic:*`) this key may use; empty = all. */
  readonly allowedModels: readonly string[]
  readonly ignoreClientModel: boolean
  readonly logMessages: boolean
  /** Of the key, then of its user, then of its team; empty = none, and then nothing is asked and nothing is kept. */
  readonly caps: readonly Cap[]
  /** A model without a known price may be called although there is a cap that cannot count it. */
  readonly allowUnpriced: boolean
  /** null = none, and then nothing is counted. */
  readonly rates: Rates | null
  readonly tags: Readonly<Record<string, string>>
}

/** What the client says of its work, all optional: telemetry, never identity. */
export interface Attribution {
  readonly project: string | null
  readonly branch: string | null
  /** The client's session where it names one. */
  readonly clientSessionId: string | null
  /** The client's family, from its user agent: `claude-code`, `codex`, `cursor`, `openai-sdk`, … */
  readonly client: string | null
  readonly tags: Readonly<Record<string, string>>
}
