// Prints what a call costs the gateway on Bun, side by side with nginx, with the least a proxy on Bun can do, and with Node.
//
//   npm run -s build && node bench/bun.mjs [--rounds N] [--scale N] [--beside FOLDER] [--only json,sse,long,trace]
//
// `--beside` measures another build too (the `dist` of another checkout), on both runtimes: a before and after in one run.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { has, line, start, stop } from './processes.mjs'
import { bunBudgetRows, budgetTable, figureTable } from './report.mjs'
import { answered, jsonCalls, longRequests, sseChunks, tracedTurns } from './stages.mjs'
import { callOf, metisGateway, nginx, rawFetch, rawProxy } from './targets.mjs'

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    beside: { type: 'string' },
    only: { type: 'string', default: 'json,sse,long,trace' },
  },
})
for (const command of ['bun', 'nginx']) if (!has(command)) throw new Error(`${command} is not on this machine`)
const size = { rounds: Number(flags.rounds), scale: Number(flags.scale) }
const wanted = flags.only.split(',')

const directory = mkdtempSync(join(tmpdir(), 'metis-bench-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))

const upstream = start(process.execPath, [fileURLToPath(new URL('mock-upstream.mjs', import.meta.url))], { core: 1 })
const world = { upstreamPort: Number(await line(upstream)), directory }
const other = flags.beside === undefined ? null : join(flags.beside, 'cli.js')

const targets = [
  nginx(world),
  rawProxy(world),
  rawFetch(world),
  metisGateway(world),
  metisGateway(world, { name: 'on Bun', runtime: 'bun' }),
  ...(other === null
    ? []
    : [
        metisGateway(world, { name: 'beside', cli: other }),
        metisGateway(world, { name: 'beside on Bun', runtime: 'bun', cli: other }),
      ]),
]
const running = []
for (const target of targets) running.push({ target, ...(await target.launch()) })
for (const { target, port, child } of running) await answered(callOf(target, port, { shape: 'openai' }), child)

const figures = {}
const stages = [
  ['json', 'json', jsonCalls],
  ['sse', 'sse', sseChunks],
  ['long', '200 kB', longRequests],
]
for (const [flag, name, measure] of stages) {
  if (!wanted.includes(flag)) continue
  for (const shape of ['openai', 'anthropic']) {
    console.error(`${name} ${shape} …`)
    figures[`${name} ${shape}`] = await measure(running, size, shape)
  }
}
for (const { child } of running) await stop(child)
if (wanted.includes('trace')) {
  const node = await tracedTurns('metis-gateway', join(directory, 'trace'))
  const bun = await tracedTurns('on Bun', join(directory, 'trace-bun'), 'bun')
  figures['trace alone'] = new Map([...node.alone, ...bun.alone])
  figures['trace grouped'] = new Map([...node.grouped, ...bun.grouped])
}
await stop(upstream)

console.log(`Node ${process.version}, ${size.rounds} rounds\n`)
console.log(
  figureTable(
    figures,
    targets.map(({ name }) => name),
  ),
)
console.log(`\n${budgetTable(bunBudgetRows(figures))}`)
process.exit()
