// Who is calling and on what work: read once at the door, carried by every row of the turn.

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
  /** True when the key, its user or its team has a cap: a cap that cannot be checked is no cap. */
  readonly hasHardCap: boolean
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
