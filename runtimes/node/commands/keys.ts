// What the key commands share: how a key is shown, and who is said to have changed it.
import type { KeySummary } from '../../../src/store/keys.ts'
import { usdOf } from '../../../src/lib/money.ts'
import type { Io } from './io.ts'

export type KeyState = 'active' | 'revoked' | 'expired'

export function stateOf(key: Pick<KeySummary, 'revoked_us' | 'expires_us'>, nowUs: number): KeyState {
  if (key.revoked_us !== null) return 'revoked'
  return key.expires_us !== null && key.expires_us <= nowUs ? 'expired' : 'active'
}

/** For the audit event of a change. */
export function actorOf(io: Io): string {
  return `cli:${io.env['USER'] ?? io.env['USERNAME'] ?? 'unknown'}`
}

/** A key as scripts see it. */
export function keyJson(key: KeySummary, nowUs: number): Readonly<Record<string, unknown>> {
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
    requests_per_minute: key.requests_per_minute,
    tokens_per_minute: key.tokens_per_minute,
    tags: JSON.parse(key.tags_json),
    created_at: isoOf(key.created_us),
    expires_at: isoOf(key.expires_us),
    revoked_at: isoOf(key.revoked_us),
    last_used_at: isoOf(key.last_used_us),
  }
}

function isoOf(us: number | null): string | null {
  return us === null ? null : new Date(us / 1000).toISOString()
}
