// The whole trace of a database as plain rows, for the judge of kill9.mjs: a SQLite file, or a Postgres by its URL.
import Database from 'better-sqlite3'
import { Pool } from 'pg'

const statements = {
  events: 'SELECT id, turn_id, session_id, type, payload_json FROM events ORDER BY id',
  calls: 'SELECT turn_id, status FROM calls',
  inflight: 'SELECT turn_id FROM inflight',
  rolled: 'SELECT coalesce(sum(call_count), 0) AS calls FROM usage_hourly',
}

/** `{events, calls, inflight, rolled, integrity}`; `integrity` is 'ok' or what is wrong with the file. */
export async function readTrace(db) {
  const trace = {}
  const source = open(db)
  for (const [name, statement] of Object.entries(statements)) trace[name] = await source.all(statement)
  trace.integrity = await source.integrity()
  await source.close()
  return trace
}

/** The number of turns that are open. */
export async function countOpenTurns(db) {
  const source = open(db)
  const rows = await source.all(statements.inflight)
  await source.close()
  return rows.length
}

function open(db) {
  return /^postgres(?:ql)?:/.test(db) ? openPostgres(db) : openSqlite(db)
}

function openSqlite(file) {
  const database = new Database(file, { readonly: true, timeout: 5_000 })
  return {
    all: async (statement) => database.prepare(statement).all(),
    integrity: async () => database.pragma('integrity_check', { simple: true }),
    close: async () => database.close(),
  }
}

/** The server is not what is killed: its files are its own matter. */
function openPostgres(url) {
  const pool = new Pool({ connectionString: url, max: 1 })
  return {
    all: async (statement) => (await pool.query(statement)).rows,
    integrity: async () => 'ok',
    close: () => pool.end(),
  }
}
