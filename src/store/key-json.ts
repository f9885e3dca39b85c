// A key as scripts and the dashboard see it, whichever way they ask.
import type * as z from 'zod'
import { usdOf } from '../lib/money.ts'
import type { keyAnswer } from './key-answer.ts'
import type { KeySummary } from './keys.ts'

export type KeyAnswer = z.output<typeof keyAnswer>
export type KeyState = KeyAnswer['state']

export function stateOf(key: Pick<KeySummary, 'revoked_us' | 'expires_us' | 'owner_disabled_us'>, nowUs: number): KeyState {
  if (key.revoked_us !== null) return 'revoked'
  if (key.expires_us !== null && key.expires_us <= nowUs) return 'expired'
  return key.owner_disabled_us === null ? 'active' : 'disabled'
}

/** snake_case: it goes out as JSON. */
export function keyJson(key: KeySummary, nowUs: number): KeyAnswer {
  return {
    key_id: key.id,
    name: key.name,
    state: stateOf(key, nowUs),
    workspace: key.workspace,
    user_id: key.user_id,
    team_id: key.team_id,
    allowed_models: JSON.parse(key.allowed_models_json),
    daily_cap_usd: key.daily_cap_nano_usd === null ? null : usdOf(key.daily_cap_nano_usd),
    monthly_cap_usd: key.monthly_cap_nano_usd === null ? null : usdOf(key.monthly_cap_nano_usd),
    budget_usd: key.budget_nano_usd === null ? null : usdOf(key.budget_nano_usd),
    allow_unpriced: key.allow_unpriced === 1,
    requests_per_minute: key.requests_per_minute,
    tokens_per_minute: key.tokens_per_minute,
    concurrent_turns: key.concurrent_turns,
    ignore_client_model: key.ignore_client_model === 1,
    log_messages: key.log_messages === 1,
    tags: JSON.parse(key.tags_json),
    created_at: isoOf(key.created_us),
    expires_at: isoOf(key.expires_us),
    revoked_at: isoOf(key.revoked_us),
    last_used_at: isoOf(key.last_used_us),
    successor_id: key.successor_id,
  }
}

/** As scripts see a time. */
export function isoOf(us: number): string
export function isoOf(us: number | null): string | null
export function isoOf(us: number | null): string | null {
  return us === null ? null : new Date(us / 1000).toISOString()
}
