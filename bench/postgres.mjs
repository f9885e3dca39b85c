// What a Postgres with millions of rows takes and does: bytes of each table, turns a second, answers of analytics, a prune. Fills
// an empty database with the traffic of generate-traffic.mjs, as the gateway would have left it.
//
//   npm run build && node bench/postgres.mjs postgres://… [--calls 2500000] [--days 90] [--users 200] [--seed 1]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { openNode, startServe } from '../dist/node.js'
import { bundled } from '../scripts/bundled.mjs'
import { planner } from '../scripts/generate-traffic.mjs'

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    calls: { type: 'string', default: '2500000' },
    days: { type: 'string', default: '90' },
    users: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
  },
})
const [url] = positionals
if (url === undefined) throw new Error('which database? postgres://…')
const hourUs = 3_600_000_000
const endUs = Math.floor(Date.now() / 3_600_000) * hourUs
const startUs = endUs - Number(flags.days) * 24 * hourUs
const home = mkdtempSync(join(tmpdir(), 'metis-bench-'))

const context = await openNode({ home, db: url, env: {}, maintenance: false, logLevel: 'error' })
const { db } = context.storage
const empty = await turnsASecond('bench-empty')
await fill()
print('Rows and bytes', ['table', 'rows', 'MB', 'of it indexes', 'bytes a row'], await sizes())
print(
  'Writing turns, one by one and 64 at once',
  ['database', 'alone, p50 ms', 'p99', '64 at once, turns/s', 'of it our CPU, µs a turn'],
  [
    ['empty', ...empty],
    ['full', ...(await turnsASecond('bench-full'))],
  ],
)
print('Analytics', ['question', ...windows().map((window) => `${window}, ms`)], await answers())
print('Prune of the first three days', ['seconds', 'events gone'], [await prune()])
await context.close()
rmSync(home, { recursive: true, force: true })

async function fill() {
  const plan = planner({ seed: Number(flags.seed), users: Number(flags.users), calls: Number(flags.calls), startUs, endUs })
  for (const [table, rows] of Object.entries(plan.identities)) {
    for (const row of rows) await db.insertInto(table).values(row).execute()
  }
  const copies = new Map()
  let done = 0
  for (const { turns } of plan.hours()) {
    const lines = { calls: [], events: [] }
    for (const { call, events } of turns) {
      if (call !== null) lines.calls.push(call)
      lines.events.push(...events)
    }
    for (const [table, rows] of Object.entries(lines)) {
      if (rows.length === 0) continue
      if (!copies.has(table)) copies.set(table, copyInto(table, Object.keys(rows[0])))
      const { stdin } = copies.get(table)
      if (!stdin.write(rows.map(lineOf).join(''))) await once(stdin, 'drain')
    }
    done += turns.length
    process.stderr.write(`\r${Math.round((done / Number(flags.calls)) * 100)} %`)
  }
  for (const copy of copies.values()) {
    copy.stdin.end()
    const [code] = await once(copy, 'exit')
    if (code !== 0) throw new Error('psql failed')
  }
  process.stderr.write('\rsums …\n')
  // The store's own projections: what they make of the calls must be what the gateway makes of them.
  const { remakeHour } = await bundled('src/store/projections.ts')
  for (let hour = startUs; hour < endUs; hour += hourUs) {
    for (const statement of remakeHour(hour)) await db.executeQuery(statement.compile(db))
  }
  await sql`vacuum analyze`.execute(db)
}

function copyInto(table, columns) {
  const copy = `\\copy ${table} (${columns.join(', ')}) from stdin`
  return spawn('psql', [url, '-qX', '-v', 'ON_ERROR_STOP=1', '-c', copy], { stdio: ['pipe', 'inherit', 'inherit'] })
}

function lineOf(row) {
  return `${Object.values(row).map(cellOf).join('\t')}\n`
}

/** Of the text format of COPY. The traffic has no line ends and tabs of its own. */
function cellOf(value) {
  return value === null ? '\\N' : String(value).replaceAll('\\', '\\\\')
}

async function sizes() {
  const { rows } =
    await sql`select relname as name, n_live_tup as rows, pg_total_relation_size(relid) as bytes, pg_indexes_size(relid) as index_bytes
from pg_stat_user_tables where n_live_tup > 1000 order by pg_total_relation_size(relid) desc`.execute(db)
  const MB = (bytes) => Math.round(bytes / 1e6)
  return rows.map(({ name, rows: count, bytes, index_bytes }) => [
    name,
    count,
    MB(bytes),
    MB(index_bytes),
    Math.round(bytes / count),
  ])
}

/** As a gateway writes them: T1, then T2. */
async function turnsASecond(prefix) {
  const { turns } = [...planner({ seed: 7, users: 20, calls: 5000, startUs: endUs - hourUs, endUs }).hours()][0]
  const whole = turns.filter(({ call }) => call !== null && call.status === 'ok')
  const write = async ({ call, events: [route, middle, end] }, nth) => {
    const turnId = `${prefix}-${nth}`
    const event = ({ type, payload_json: json, ...row }) => ({
      id: context.nextId(),
      timestampUs: row.timestamp_us,
      sessionId: row.session_id,
      turnId,
      parentEventId: row.parent_event_id,
      type,
      payload: JSON.parse(json),
    })
    const { provider, model, requested_model: requestedModel } = call
    const opened = { turnId, route: event(route), provider, model, requestedModel, stream: true, startedUs: route.timestamp_us }
    await context.traces.openTurn({ ...opened, estimatedInputTokens: 90, pricingVersion: 'generated' }, { mustCommit: false })
    await context.traces.closeTurn({ turnId, call: event(middle), costNanoUsd: call.cost_nano_usd, turn: event(end) })
  }
  const times = []
  for (const [nth, turn] of whole.slice(0, 500).entries()) {
    const start = performance.now()
    await write(turn, nth)
    times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  const start = performance.now()
  const before = process.cpuUsage()
  const rest = whole.slice(500)
  let next = 0
  const worker = async () => {
    for (let nth = next++; nth < rest.length; nth = next++) await write(rest[nth], 500 + nth)
  }
  await Promise.all(Array.from({ length: 64 }, worker))
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(before)
  return [tenth(times[250]), tenth(times[494]), Math.round(rest.length / seconds), Math.round((user + system) / rest.length)]
}

function windows() {
  return ['7d', '30d', '90d']
}

async function answers() {
  const serve = await startServe(context, { port: 0 })
  const rows = []
  for (const path of [
    '/analytics/cost?group_by=model',
    '/analytics/cost?group_by=day',
    '/analytics/cost?group_by=project',
    '/analytics/by_key?',
    '/analytics/by_user?',
    '/analytics/sessions?',
    '/analytics/turns?',
  ]) {
    const row = [`\`${path.replace('?group_by=', ' by ').replace('?', '')}\``]
    for (const window of windows()) row.push(await median(`${serve.url}${path}&window=${window}`))
    rows.push(row)
  }
  await serve.close()
  return rows
}

async function median(question) {
  const times = []
  for (let nth = 0; nth < 3; nth++) {
    const start = performance.now()
    const answer = await fetch(question)
    const text = await answer.text()
    if (answer.status !== 200) throw new Error(`${question}: ${text}`)
    times.push(performance.now() - start)
  }
  return Math.round(times.toSorted((a, b) => a - b)[1])
}

async function prune() {
  const days = Number(flags.days) - 3
  const start = performance.now()
  const said = await command('prune', '--older-than', `${days}d`, '--json')
  return [Math.round((performance.now() - start) / 1000), JSON.parse(said).events]
}

async function command(...argv) {
  const script = new URL('../dist/cli.js', import.meta.url).pathname
  const env = { ...process.env, METIS_HOME: home, METIS_DB: url }
  const child = spawn(process.execPath, [script, ...argv], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${argv[0]} failed`)
  return text
}

function print(title, head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |\n`
  process.stdout.write(
    `\n${title}:\n\n${line(head)}${line(head.map((_, nth) => (nth === 0 ? '---' : '--:')))}${rows.map(line).join('')}`,
  )
}

function tenth(ms) {
  return Math.round(ms * 10) / 10
}
