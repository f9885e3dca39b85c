// A gateway key as the program knows it and as its row holds it; the only place where the two meet.
import * as z from 'zod'
import type { Cap, Principal, Rates } from '../ir/principal.ts'
import type { GatewayKeysTable } from './schema.ts'

export interface DisabledOwner {
  readonly kind: 'user' | 'team'
  readonly id: string
  readonly sinceUs: number
}

/** All that a request needs to know of its key. */
export interface KeyRecord {
  readonly principal: Principal
  /** SHA-256 of the token, lower-case hex. */
  readonly tokenHash: string
  readonly expiresUs: number | null
  readonly revokedUs: number | null
  /** Who makes the key useless: its user or its team, disabled. */
  readonly disabled: DisabledOwner | null
}

export interface NewKey {
  readonly name: string
  readonly workspace?: string | null
  readonly userId?: string | null
  readonly teamId?: string | null
  /** Makes an unknown user or team instead of refusing it. */
  readonly create?: boolean
  readonly allowedModels?: readonly string[]
  readonly dailyCapNanoUsd?: number | null
  readonly monthlyCapNanoUsd?: number | null
  /** One-off: it is not filled up again. */
  readonly budgetNanoUsd?: number | null
  readonly allowUnpriced?: boolean
  readonly requestsPerMinute?: number | null
  readonly tokensPerMinute?: number | null
  readonly concurrentTurns?: number | null
  readonly tags?: Readonly<Record<string, string>>
  readonly logMessages?: boolean
  readonly ignoreClientModel?: boolean
  readonly expiresUs?: number | null
}

/** What a key's user and team add to it. Numbers as the driver gives them; absent identities are null. */
export interface OwnerRow {
  user_id: string | null
  user_daily: number | null
  user_monthly: number | null
  user_budget: number | null
  user_disabled_us: number | null
  /** The key's own team, else its user's. */
  effective_team_id: string | null
  team_daily: number | null
  team_monthly: number | null
  team_budget: number | null
  team_disabled_us: number | null
}

export type KeyRow = GatewayKeysTable & OwnerRow

/** Whom a request without a key of ours comes from. */
export interface OwnerRecord {
  readonly teamId: string | null
  readonly caps: readonly Cap[]
  readonly disabled: DisabledOwner | null
  /** It was made with `user add`. */
  readonly userIsKnown: boolean
}

export function ownerOf(row: OwnerRow & { readonly known_user: string | null }): OwnerRecord {
  const userIsKnown = row.known_user !== null
  return { teamId: row.effective_team_id, caps: ownerCaps(row), disabled: disabledOf(row), userIsKnown }
}

const modelsJson = z.array(z.string())
const tagsJson = z.record(z.string(), z.string())

export function recordOf(row: KeyRow): KeyRecord {
  return {
    principal: {
      keyId: row.id,
      keyName: row.name,
      userId: row.user_id,
      teamId: row.effective_team_id,
      workspace: row.workspace,
      allowedModels: row.allowed_models_json === '[]' ? [] : modelsJson.parse(JSON.parse(row.allowed_models_json)),
      ignoreClientModel: row.ignore_client_model === 1,
      logMessages: row.log_messages === 1,
      caps: capsOf(row),
      rates: ratesOf(row),
      allowUnpriced: row.allow_unpriced === 1,
      tags: row.tags_json === '{}' ? {} : tagsJson.parse(JSON.parse(row.tags_json)),
    },
    tokenHash: row.token_hash,
    expiresUs: row.expires_us,
    revokedUs: row.revoked_us,
    disabled: disabledOf(row),
  }
}

function ratesOf(row: KeyRow): Rates | null {
  const { requests_per_minute: requestsPerMinute, tokens_per_minute: tokensPerMinute, concurrent_turns: concurrentTurns } = row
  if (requestsPerMinute === null && tokensPerMinute === null && concurrentTurns === null) return null
  return { id: row.root_id ?? row.id, requestsPerMinute, tokensPerMinute, concurrentTurns }
}

function capsOf(row: KeyRow): readonly Cap[] {
  return [
    // Keys that took each other's place spend from one cap.
    ...capsOn('key', row.root_id ?? row.id, row.daily_cap_nano_usd, row.monthly_cap_nano_usd, row.budget_nano_usd),
    ...ownerCaps(row),
  ]
}

function ownerCaps(row: OwnerRow): readonly Cap[] {
  return [
    ...capsOn('user', row.user_id, row.user_daily, row.user_monthly, row.user_budget),
    ...capsOn('team', row.effective_team_id, row.team_daily, row.team_monthly, row.team_budget),
  ]
}

/** One cap for each limit there is. */
export function capsOn(
  kind: Cap['kind'],
  id: string | null,
  daily: number | null,
  monthly: number | null,
  budget: number | null,
): readonly Cap[] {
  if (id === null) return []
  const limits = [
    ['daily', daily],
    ['monthly', monthly],
    ['budget', budget],
  ] as const
  return limits.flatMap(([scope, limitNanoUsd]) => (limitNanoUsd === null ? [] : { kind, id, scope, limitNanoUsd }))
}

function disabledOf(row: OwnerRow): DisabledOwner | null {
  return (
    disabledOwner('user', row.user_id, row.user_disabled_us) ?? disabledOwner('team', row.effective_team_id, row.team_disabled_us)
  )
}

function disabledOwner(kind: DisabledOwner['kind'], id: string | null, sinceUs: number | null): DisabledOwner | null {
  return id === null || sinceUs === null ? null : { kind, id, sinceUs }
}

export function rowOf(
  key: NewKey,
  made: { readonly id: string; readonly tokenHash: string; readonly nowUs: number },
): GatewayKeysTable {
  return {
    id: made.id,
    name: key.name,
    token_hash: made.tokenHash,
    workspace: key.workspace ?? null,
    user_id: key.userId ?? null,
    team_id: key.teamId ?? null,
    allowed_models_json: JSON.stringify(key.allowedModels ?? []),
    daily_cap_nano_usd: key.dailyCapNanoUsd ?? null,
    monthly_cap_nano_usd: key.monthlyCapNanoUsd ?? null,
    budget_nano_usd: key.budgetNanoUsd ?? null,
    allow_unpriced: key.allowUnpriced === true ? 1 : 0,
    requests_per_minute: key.requestsPerMinute ?? null,
    tokens_per_minute: key.tokensPerMinute ?? null,
    concurrent_turns: key.concurrentTurns ?? null,
    tags_json: JSON.stringify(key.tags ?? {}),
    log_messages: key.logMessages === true ? 1 : 0,
    ignore_client_model: key.ignoreClientModel === true ? 1 : 0,
    created_us: made.nowUs,
    expires_us: key.expiresUs ?? null,
    revoked_us: null,
    last_used_us: null,
    successor_id: null,
    root_id: null,
  }
}
