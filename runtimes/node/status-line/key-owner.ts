// Whose key it is and what caps it has, from the database's file: what a gateway knows of a key that it has let in.
import type { ReadRows, Owner } from '../../../src/analytics/status-line/figures.ts'
import type { Cap } from '../../../src/ir/principal.ts'

export interface KeyOwner {
  readonly owner: Owner
  readonly caps: readonly Cap[]
}

/** @param keyId of the token that Claude Code sends, where it is known; else the key that the session's last call came with */
export async function keyOwner(read: ReadRows, keyId: string | null, sessionId: string | null): Promise<KeyOwner> {
  const id = keyId ?? (sessionId === null ? null : textAt(await one(read, sessionSql, sessionId), 'id'))
  const key = id === null ? {} : await one(read, keySql, id)
  const user = textAt(key, 'user_id')
  // The file is its reader's own: without a key that it knows, all of it counts.
  const known = id !== null && textAt(key, 'key_id') !== null
  const owner: Owner = user !== null ? { kind: 'user', id: user } : known ? { kind: 'key', id } : null
  return { owner, caps: capsOf(key) }
}

type Row = Readonly<Record<string, unknown>>

const sessionSql = 'select gateway_key_id as id from calls where session_id = ? order by timestamp_us desc limit 1'

const keySql = `select coalesce(k.root_id, k.id) as key_id, k.user_id, coalesce(k.team_id, u.team_id) as team_id,
k.daily_cap_nano_usd as key_daily, k.monthly_cap_nano_usd as key_monthly, k.budget_nano_usd as key_budget,
u.daily_cap_nano_usd as user_daily, u.monthly_cap_nano_usd as user_monthly, u.budget_nano_usd as user_budget,
t.daily_cap_nano_usd as team_daily, t.monthly_cap_nano_usd as team_monthly, t.budget_nano_usd as team_budget
from gateway_keys as k left join users as u on u.id = k.user_id left join teams as t on t.id = coalesce(k.team_id, u.team_id)
where k.id = ?`

function capsOf(key: Row): readonly Cap[] {
  return (['key', 'user', 'team'] as const).flatMap((kind) =>
    (['daily', 'monthly', 'budget'] as const).flatMap((scope) => {
      const [id, limit] = [textAt(key, `${kind}_id`), key[`${kind}_${scope}`] ?? null]
      return id === null || limit === null ? [] : { kind, id, scope, limitNanoUsd: Number(limit) }
    }),
  )
}

async function one(read: ReadRows, sql: string, parameter: string): Promise<Row> {
  const [row] = await read(sql, [parameter])
  return typeof row === 'object' && row !== null ? { ...row } : {}
}

const textAt = (row: Row, name: string): string | null => {
  const value = row[name]
  return typeof value === 'string' && value !== '' ? value : null
}
