// Writes a database of as many calls as wanted: weeks of a company of two hundred, the same for the same seed, with events,
// calls, hours, keys, users and teams as the gateway would have left them. For measuring analytics; see bench/analytics.mjs.
//
//   npm run build && node scripts/generate-ledger.mjs FOLDER [--calls 1000000] [--days 30] [--seed 1] [--users 200]
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Database from 'better-sqlite3'
import { openNode } from '../dist/node.js'
import { bundled } from './bundled.mjs'
import { planner } from './generate-traffic.mjs'

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    calls: { type: 'string', default: '1000000' },
    days: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    users: { type: 'string', default: '200' },
  },
})
const [folder] = positionals
if (folder === undefined) throw new Error('which folder shall the database be in?')
const wanted = Number(flags.calls)
const hourUs = 3_600_000_000
const endUs = Math.floor(Date.now() / 3_600_000) * hourUs
const startUs = endUs - Number(flags.days) * 24 * hourUs

const context = await openNode({ home: folder, env: {}, maintenance: false, logLevel: 'error' })
// The store's own projections: what they make of the calls must be what the gateway makes of them.
const { remakeHour } = await bundled('src/store/projections.ts')
const database = new Database(join(folder, 'metis.db'))
database.pragma('synchronous = off')
database.pragma('journal_mode = wal')

const inserts = new Map()
const plan = planner({ seed: Number(flags.seed), users: Number(flags.users), calls: wanted, startUs, endUs })
for (const [table, rows] of Object.entries(plan.identities)) insertAll(table, rows)

let written = 0
for (const batch of plan.hours()) {
  database.transaction(() => {
    for (const { call, events } of batch.turns) {
      if (call !== null) insert('calls', call)
      for (const event of events) insert('events', event)
    }
  })()
  for (const statement of remakeHour(batch.hourUs)) {
    await context.storage.db.executeQuery(statement.compile(context.storage.db))
  }
  written += batch.turns.length
  process.stderr.write(`\r${Math.round((written / wanted) * 100)} %`)
}
database.exec('analyze')
database.pragma('wal_checkpoint(truncate)')
database.close()
await context.close()
process.stderr.write(`\r${written} turns in ${folder}\n`)

function insertAll(table, rows) {
  database.transaction(() => {
    for (const row of rows) insert(table, row)
  })()
}

function insert(table, row) {
  let statement = inserts.get(table)
  if (statement === undefined) {
    const columns = Object.keys(row)
    statement = database.prepare(
      `insert into ${table} (${columns.join(', ')}) values (${columns.map((column) => `@${column}`).join(', ')})`,
    )
    inserts.set(table, statement)
  }
  statement.run(row)
}
