// What routing adds to a turn, alone: the chain with 50 rules that all have to be asked, against the chain without any.
//
//   node bench/routing.mjs [--rounds 20000]
//
// Exit 1 when 50 rules cost more than 50 µs.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'

const { values: flags } = parseArgs({ options: { rounds: { type: 'string', default: '20000' } } })
const rounds = Number(flags.rounds)
const LIMIT_US = 50

const folder = mkdtempSync(join(tmpdir(), 'metis-bench-'))
const core = await loadCore()
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const config = core.resolveConfig({
  file: { default_model: 'haiku' },
  env: { ANTHROPIC_API_KEY: 'sk-ant-bench' },
  presets: core.presets,
})

/** Conditions that do not hold, of every kind, so that each rule is asked to its end. */
const conditions = [
  { has_images: true },
  { user_is: ['bob', 'carol'] },
  { team_is: 'ops' },
  { tag_is: 'lane=slow' },
  { estimated_input_tokens_gt: 100_000 },
  { workspace_path_matches: '/home/*' },
  { time_of_day_between: ['03:00', '03:01'] },
  { message_contains_any: ['invoice', 'refactor', 'translate'] },
  { message_matches: '(?i)\\b(deploy|roll ?back)\\b' },
  { any_of: [{ has_images: true }, { all_of: [{ user_is: 'bob' }, { not: { has_tools: true } }] }] },
]
const rulesOf = (kinds) =>
  Array.from({ length: 50 }, (_, index) => ({ name: `rule ${index}`, model: 'opus', when: conditions[index % kinds] }))

const question = questionOf('Why is the second test of the parser red after the last change, and what would you do about it?')
const rows = [
  ['no rules', await measure([])],
  ['50 rules', await measure(rulesOf(10))],
  ['50 rules without a look at the message', await measure(rulesOf(7))],
]
const [[, without], [, withRules]] = rows
for (const [name, us] of rows) console.log(`${name.padEnd(42)} ${us.toFixed(2).padStart(8)} µs a turn`)
const added = withRules - without
console.log(`${'added by 50 rules'.padEnd(42)} ${added.toFixed(2).padStart(8)} µs (limit ${LIMIT_US})`)
process.exitCode = added <= LIMIT_US ? 0 : 1

async function measure(given) {
  const models = core.createModelCatalog(config)
  const tables = core.createRoutingTables({
    config,
    models,
    known: new Set(['anthropic']),
    prices: core.createPriceCatalog(config),
    clock: { nowUs: () => Date.now() * 1000, nowMs: () => performance.now() },
    logger: { log: (_, message) => console.error(message) },
    async readPolicy(workspace, known) {
      if (workspace === null) return { kind: 'absent' }
      if (known !== null) return { kind: 'unchanged' }
      return { kind: 'read', path: 'routing.yaml', version: '1', content: { rules: given }, faults: [], placeOf: () => null }
    },
  })
  await tables.prepare(question)
  const once = () => {
    tables.prepare(question)
    const routed = core.route(question, tables)
    if (routed.target?.name !== 'claude-haiku-4-5') throw new Error('the wrong model was chosen')
  }
  for (let round = 0; round < rounds; round += 1) once()
  const samples = Array.from({ length: 9 }, () => {
    const before = process.cpuUsage()
    for (let round = 0; round < rounds / 10; round += 1) once()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / (rounds / 10)
  })
  return samples.sort((a, b) => a - b)[4]
}

function questionOf(text) {
  const body = JSON.stringify({ max_tokens: 100, messages: [{ role: 'user', content: text }] })
  const bytes = new TextEncoder().encode(body)
  const request = core.protocols.anthropic.server.decodeRequest(bytes, new Headers())
  return {
    requestedModel: '',
    shape: 'anthropic',
    principal: { keyId: 'gk_bench', userId: 'ada', teamId: 'web', workspace: '/srv/shop', allowedModels: [], caps: [], tags: {} },
    traits: request.traits,
    tags: { lane: 'fast' },
    stickyModel: null,
    delegates: false,
    // Decoded for each turn, as a turn of its own would be.
    content: () => core.protocols.anthropic.server.decodeRequest(new TextEncoder().encode(body), new Headers()).content(),
  }
}

async function loadCore() {
  const source = (path) => JSON.stringify(fileURLToPath(new URL(`../src/${path}`, import.meta.url)))
  const outfile = join(folder, 'core.mjs')
  await build({
    stdin: {
      contents: `
        export { resolveConfig } from ${source('config/resolve.ts')}
        export { presets } from ${source('providers/presets.ts')}
        export { createModelCatalog } from ${source('catalog/model-catalog.ts')}
        export { createPriceCatalog } from ${source('catalog/price-catalog.ts')}
        export { createRoutingTables } from ${source('routing/tables.ts')}
        export { route } from ${source('routing/router.ts')}
        export { protocols } from ${source('protocols/index.ts')}`,
      resolveDir: fileURLToPath(new URL('..', import.meta.url)),
    },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  })
  return import(outfile)
}
