// The database of a gateway that runs in another process, seen and locked from here.
import Database from 'better-sqlite3'
import { expect } from 'vitest'

/** As another process that writes. */
export function holdLock(path: string): { release(): void } {
  const database = new Database(path, { timeout: 5000 })
  database.exec('begin immediate')
  return {
    release: () => {
      database.exec('rollback')
      database.close()
    },
  }
}

export function hasOpenTurns(path: string): boolean {
  return inDatabase(path, (database) => database.prepare('select 1 from inflight').all().length > 0)
}

/** Status by turn. Fails on a turn that has not each of its rows once. */
export function turnsOnRecord(path: string): ReadonlyMap<string, string> {
  return inDatabase(path, (database) => {
    const rows = database
      .prepare<[], { turn_id: string; types: string; calls: number; status: string }>(
        `select turn_id, group_concat(type, ' ') as types, max(json_extract(payload_json, '$.status')) as status,
           (select count(*) from calls where calls.turn_id = events.turn_id) as calls
         from (select * from events where turn_id != '' order by id) as events group by turn_id`,
      )
      .all()
    const broken = rows.filter((row) => row.types !== 'route.decided llm.call_completed turn.completed' || row.calls !== 1)
    expect(broken).toEqual([])
    const sums = database.prepare<[], { calls: number | null }>('select sum(call_count) as calls from usage_hourly').get()
    expect(sums?.calls).toBe(rows.length)
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok')
    return new Map(rows.map((row) => [row.turn_id, row.status]))
  })
}

function inDatabase<T>(path: string, work: (database: Database.Database) => T): T {
  const database = new Database(path, { readonly: true, timeout: 5000 })
  try {
    return work(database)
  } finally {
    database.close()
  }
}
