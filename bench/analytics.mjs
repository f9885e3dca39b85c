// How long every analytics endpoint takes on a given database, asked over HTTP as the dashboard asks.
//
//   npm run build && node scripts/generate-ledger.mjs FOLDER && node bench/analytics.mjs FOLDER [--times 5] [--window 30d]
import process from 'node:process'
import { parseArgs } from 'node:util'
import { openNode, startServe } from '../dist/node.js'

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    times: { type: 'string', default: '5' },
    window: { type: 'string', default: '30d' },
    only: { type: 'string' },
    // 'no': as it is, summed or not.
    wait: { type: 'string', default: 'yes' },
  },
})
const [folder] = positionals
if (folder === undefined) throw new Error('which folder is the database in?')

const context = await openNode({ home: folder, env: {}, maintenance: false, logLevel: 'error' })
const serve = await startServe(context, { port: 0 })
if (flags.wait === 'yes') await settled()

const cost = (split) => `/analytics/cost?group_by=${split}`
const questions = [
  ...['none', 'none&compare=previous', 'model', 'provider', 'gateway_key', 'user', 'team', 'project', 'branch', 'client'].map(
    cost,
  ),
  ...['day', 'hour', 'day&stack_by=model', 'day&stack_by=user', 'session', 'session&limit=10', 'tag:env'].map(cost),
  cost('model&user=user-003'),
  cost('day&stack_by=model&team=team-003'),
  '/analytics/by_key?',
  '/analytics/by_team?',
  '/analytics/by_user?',
  '/analytics/cache_effectiveness?',
  '/analytics/cache_effectiveness?user=user-003',
  '/analytics/savings?baseline=openai:gpt-4o-mini',
  '/analytics/what_if?on=openai:gpt-4o-mini',
  '/analytics/routing?',
  '/analytics/routing?user=user-003',
  '/analytics/reliability?',
  '/analytics/reliability?user=user-003',
  '/analytics/sessions?',
  '/analytics/sessions?user=user-190',
  '/analytics/turns?',
  '/analytics/turns?user=user-190',
  '/analytics/turns?status=interrupted',
  '/analytics/turns?user=nobody',
]
  .filter((question) => flags.only === undefined || question.includes(flags.only))
  // Before all there is nothing to compare with.
  .filter((question) => flags.window !== 'all' || !question.includes('compare='))

const rows = []
for (const question of questions) rows.push(await measured(`${question}&window=${flags.window}`))
if (flags.only === undefined) {
  const list = await (await fetch(`${serve.url}/analytics/turns?limit=1&window=all`)).json()
  rows.push(await measured(`/analytics/turns/${list.data[0].turn_id}`), await measured('/analytics/inflight'))
}
// Asked and answered in one process: what it takes of a processor counts both, and says more than a clock on a busy machine.
process.stdout.write(
  '| question | first, ms | least, ms | median, ms | median CPU, ms | kB |\n| --- | --: | --: | --: | --: | --: |\n',
)
for (const { question, cells } of rows) process.stdout.write(`| \`${question}\` | ${cells.join(' | ')} |\n`)
process.stdout.write(`\nslowest median: ${Math.max(...rows.map(({ cells }) => cells[2]))} ms\n`)
await serve.close()
await context.close()

function medianOf(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

function tenth(ms) {
  return Math.round(ms * 10) / 10
}

async function measured(question) {
  const times = []
  const cpu = []
  let bytes = 0
  for (let i = 0; i <= Number(flags.times); i++) {
    const start = performance.now()
    const before = process.cpuUsage()
    const response = await fetch(serve.url + question)
    const body = await response.text()
    times.push(performance.now() - start)
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1000)
    bytes = body.length
    if (response.status !== 200) throw new Error(`${question}: ${body}`)
  }
  const [first, ...rest] = times
  const least = Math.min(...rest)
  return { question, cells: [first, least, medianOf(rest), medianOf(cpu.slice(1)), bytes / 1024].map(tenth) }
}

/** Serve sums past days in the background; what is measured is what one finds afterwards. */
async function settled() {
  const started = performance.now()
  const hour = 3_600_000_000
  const { first } = await context.storage.db
    .selectFrom('calls')
    .select(({ fn }) => fn.min('timestamp_us').as('first'))
    .executeTakeFirstOrThrow()
  const endUs = Date.now() * 1000 - hour
  const days = Math.floor(endUs / (24 * hour)) - Math.floor(first / (24 * hour))
  const hours = Math.min(92 * 24, Math.floor(endUs / hour) - Math.floor(first / hour))
  for (;;) {
    const { marks } = await context.storage.db
      .selectFrom('settled_spans')
      .select(({ fn }) => fn.countAll().as('marks'))
      .where('ready', '=', 1)
      .executeTakeFirstOrThrow()
    if (marks >= days + hours) break
    process.stderr.write(`\r${marks} of ${days + hours} spans summed`)
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
  process.stderr.write(`\rsummed after ${Math.round((performance.now() - started) / 1000)} s\n`)
}
