// Prints the performance budgets of the gateway, measured side by side with the least a proxy can do.
//
//   npm run bench -- [--quick] [--raw-only] [--no-nginx] [--portkey] [--rounds N] [--streams N]
//
// About three minutes. Loopback only; everything it writes is in a temporary folder that it removes. `--portkey` fetches that
// gateway from npm first. `--raw-only` needs no build. The table of budgets comes last; exit 1 when a "must" is not held.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { has, line, start, stop } from './processes.mjs'
import { budgetRows, budgetTable, figureTable } from './report.mjs'
import {
  addedLatency,
  answered,
  coldStart,
  firstTokens,
  jsonCalls,
  longRequests,
  sseChunks,
  streamMemory,
  tracedTurns,
} from './stages.mjs'
import { callOf, metisGateway, nginx, portkey, rawProxy } from './targets.mjs'

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    'raw-only': { type: 'boolean', default: false },
    'no-nginx': { type: 'boolean', default: false },
    portkey: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    streams: { type: 'string', default: '1000' },
  },
})
const size = { rounds: flags.quick ? 1 : Number(flags.rounds), scale: flags.quick ? 0.5 : 1, streams: Number(flags.streams) }

const directory = mkdtempSync(join(tmpdir(), 'metis-bench-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))

const upstream = start(process.execPath, [fileURLToPath(new URL('mock-upstream.mjs', import.meta.url))], { core: 1 })
const upstreamPort = Number(await line(upstream))
const world = { upstreamPort, directory }

const targets = [
  rawProxy(world),
  ...(flags['raw-only'] ? [] : [metisGateway(world)]),
  ...(has('nginx') && !flags['no-nginx'] ? [nginx(world)] : []),
  ...(flags.portkey ? [portkey(world)] : []),
]
const figures = {}
async function stage(name, measure) {
  console.error(`${name} …`)
  figures[name] = await measure()
}

await stage('cold start', () => coldStart(targets, { rounds: flags.quick ? 2 : 5 }))

const running = []
for (const target of targets) running.push({ target, ...(await target.launch()) })
for (const { target, port, child } of running) await answered(callOf(target, port, { shape: 'openai' }), child)
const direct = { target: { name: 'direct', model: (_, name) => name, headers: () => ({}) }, port: upstreamPort }
const crossing = running.filter(({ target }) => target.crossShape)

for (const shape of ['openai', 'anthropic']) {
  await stage(`json ${shape}`, () => jsonCalls(running, size, shape))
  await stage(`sse ${shape}`, () => sseChunks(running, size, shape))
  await stage(`200 kB ${shape}`, () => longRequests(running, size, shape))
}
if (crossing.length > 0) {
  await stage('sse anthropic client, openai upstream', () => sseChunks(crossing, size, 'anthropic', 'openai'))
  await stage('sse openai client, anthropic upstream', () => sseChunks(crossing, size, 'openai', 'anthropic'))
}
await stage('added p50', () => addedLatency(running, size, direct, 'openai'))
await stage('first token', () => firstTokens(running, size, direct, 'openai'))
for (const { child } of running) await stop(child)
await stage('memory', () => streamMemory(targets, size, 'openai'))
if (!flags['raw-only']) {
  const traced = await tracedTurns('metis-gateway', join(directory, 'trace'))
  await stage('trace alone', () => traced.alone)
  await stage('trace grouped', () => traced.grouped)
}
await stop(upstream)

const names = targets.map(({ name }) => name)
console.log(`Node ${process.version}, ${size.rounds} rounds, ${size.streams} open streams\n`)
console.log(figureTable(figures, names))
if (!flags['raw-only']) {
  const rows = budgetRows(figures, {
    ours: 'metis-gateway',
    raw: 'raw node:http',
    rival: names.find((name) => name.startsWith('Portkey')),
  })
  console.log(`\n${budgetTable(rows)}`)
  if (rows.some(([, value, must]) => !(value <= must))) process.exitCode = 1
}
process.exit()
