// A gateway key as serve shows it.

/** As `/admin/keys` prints it. */
export interface Key {
  readonly key_id: string
  readonly name: string
  readonly state: 'active' | 'revoked' | 'expired' | 'disabled'
  readonly workspace: string | null
  readonly user_id: string | null
  readonly team_id: string | null
  readonly allowed_models: readonly string[]
  readonly daily_cap_usd: number | null
  readonly monthly_cap_usd: number | null
  readonly budget_usd: number | null
  readonly requests_per_minute: number | null
  readonly tokens_per_minute: number | null
  readonly concurrent_turns: number | null
  readonly created_at: string
  readonly expires_at: string | null
  readonly revoked_at: string | null
  readonly last_used_at: string | null
  readonly successor_id: string | null
}
