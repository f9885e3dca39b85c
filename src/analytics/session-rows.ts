// What sessions did in a window, one row for each model they used: the source of lists of sessions.
import { sql } from 'kysely'
import type { Kysely, RawBuilder } from 'kysely'
import type { Database } from '../store/schema.ts'
import type { Scope } from './endpoint.ts'
import { usageOf, type UsageSum } from './usage-sums.ts'
import { callSums, type SqlRow } from './usage.ts'

export interface SessionRow {
  readonly sessionId: string
  readonly model: string
  readonly gatewayKeyId: string | null
  readonly userId: string | null
  readonly teamId: string | null
  readonly project: string | null
  readonly branch: string | null
  readonly client: string | null
  readonly firstCallUs: number
  readonly failedCalls: number
  readonly usage: UsageSum
}

/** Of one session. */
export type SessionRows = readonly [SessionRow, ...SessionRow[]]

/** D1 takes 100 parameters a statement, the filters among them. */
const idsAtOnce = 80

/** Sessions with a call in the scope, in no order. */
export async function sessionIdsIn(db: Kysely<Database>, scope: Scope): Promise<readonly string[]> {
  const time = sql.ref('timestamp_us')
  const { rows } = await sql<{ session_id: string }>`
select session_id from calls where ${conditionsOf(scope, time)} group by session_id`.execute(db)
  return rows.map((row) => row.session_id)
}

export async function readSessions(db: Kysely<Database>, scope: Scope, ids: readonly string[]): Promise<readonly SessionRows[]> {
  // `+`: found by the index on sessions, not by the one on time.
  const conditions = conditionsOf(scope, sql`+${sql.ref('timestamp_us')}`)
  const one = ['gateway_key_id', 'user_id', 'team_id', 'project', 'branch', 'client'].map(
    (column) => sql`max(${sql.ref(column)}) as ${sql.ref(column)}`,
  )
  const columns = [...one, sql`min(timestamp_us) as first_us`, sql`sum(case when status = 'failed' then 1 else 0 end) as failed`]
  const sessions = new Map<string, [SessionRow, ...SessionRow[]]>()
  for (let at = 0; at < ids.length; at += idsAtOnce) {
    const { rows } = await sql<SqlRow>`select session_id, model, ${sql.join([...columns, ...callSums])} from calls
where session_id in (${sql.join(ids.slice(at, at + idsAtOnce))}) and ${conditions} group by session_id, model`.execute(db)
    for (const row of rows.map(sessionRowOf)) {
      const known = sessions.get(row.sessionId)
      if (known === undefined) sessions.set(row.sessionId, [row])
      else known.push(row)
    }
  }
  return [...sessions.values()]
}

function conditionsOf({ window, filters }: Scope, time: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql.join(
    [
      sql`${time} >= ${window.startUs}`,
      sql`${time} < ${window.endUs}`,
      ...filters.map(([column, value]) => sql`${sql.ref(column)} = ${value}`),
    ],
    sql` and `,
  )
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

function sessionRowOf(row: SqlRow): SessionRow {
  return {
    sessionId: textOf(row['session_id']) ?? '',
    model: textOf(row['model']) ?? '',
    gatewayKeyId: textOf(row['gateway_key_id']),
    userId: textOf(row['user_id']),
    teamId: textOf(row['team_id']),
    project: textOf(row['project']),
    branch: textOf(row['branch']),
    client: textOf(row['client']),
    firstCallUs: Number(row['first_us']),
    failedCalls: Number(row['failed']),
    usage: usageOf(row),
  }
}
