// What the pattern slot is worth, on a replay of sessions whose outcomes are known for every model: what would have come of them
// had they been routed so.
//
//   node scripts/pattern-replay.mjs [--sessions 300] [--seed 7] [--json]
//
// Made sessions, no recordings: six kinds of work, three models, and a table of how often each model succeeds at each kind. The
// slot is told none of it; it sees words, outcomes and costs. The first third of the turns is routed at random, to learn from.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'

const { values: flags } = parseArgs({
  options: {
    sessions: { type: 'string', default: '300' },
    seed: { type: 'string', default: '7' },
    json: { type: 'boolean', default: false },
  },
})
const folder = mkdtempSync(join(tmpdir(), 'metis-replay-'))
const { createPatterns } = await loadPatterns()
rmSync(folder, { recursive: true, force: true })

/** nano-USD a turn. */
const costs = { small: 1_000_000, middle: 4_000_000, large: 20_000_000 }
const models = Object.keys(costs)
/** How often a model's answer helps, and what such questions are made of. */
const kinds = [
  {
    helps: { small: 0.95, middle: 0.97, large: 0.98 },
    words: 'translate letter invoice french german polite sentence formal customer',
  },
  {
    helps: { small: 0.93, middle: 0.95, large: 0.96 },
    words: 'summarise article minutes meeting short bullet points page notes',
  },
  { helps: { small: 0.9, middle: 0.93, large: 0.95 }, words: 'rename variable format import lint comment typo readme file' },
  {
    helps: { small: 0.45, middle: 0.85, large: 0.92 },
    words: 'write unit test parser function edge case mock coverage typescript',
  },
  {
    helps: { small: 0.2, middle: 0.55, large: 0.88 },
    words: 'race condition deadlock transaction queue retry concurrent debug trace',
  },
  {
    helps: { small: 0.3, middle: 0.6, large: 0.85 },
    words: 'design architecture migrate schema service boundary trade-off scale plan',
  },
].map(({ helps, words }) => ({ helps, words: words.split(' ') }))
const filler = 'please the a this that for with our my now then could you me again same new old it in on'.split(' ')

const random = randomFrom(Number(flags.seed))
const turns = Array.from({ length: Number(flags.sessions) }, session).flat()
const learned = Math.floor(turns.length / 3)

const policies = {
  'always small': () => 'small',
  'always middle': () => 'middle',
  'always large': () => 'large',
  'at random': () => models[Math.floor(random() * models.length)],
  'pattern, w = 0': replay(0),
  'pattern, w = 0.1': replay(0.1),
  'pattern, w = 0.3': replay(0.3),
  'pattern, w = 0.6': replay(0.6),
}

const rows = []
for (const [name, policy] of Object.entries(policies)) {
  const choose = await policy
  let [helped, cost, own, spentUs, asked] = [0, 0, 0, 0, 0]
  for (const [index, turn] of turns.entries()) {
    const startedUs = performance.now() * 1000
    const { model, isOwn = true, learn } = decided(choose, turn, index)
    spentUs += performance.now() * 1000 - startedUs
    learn?.(model)
    if (index < learned) continue
    asked += 1
    if (turn.outcomes[model]) helped += 1
    if (isOwn) own += 1
    cost += costs[model]
  }
  rows.push({
    policy: name,
    success_percent: (helped / asked) * 100,
    usd_per_100_turns: (cost / asked / 1e9) * 100,
    decided_percent: (own / asked) * 100,
    us_per_turn: spentUs / turns.length,
  })
}
if (flags.json) console.log(JSON.stringify({ turns: turns.length, learned, rows }, null, 2))
else {
  console.log(`${turns.length} turns of ${flags.sessions} sessions, the first ${learned} to learn from; seed ${flags.seed}\n`)
  console.log('| policy | success | USD per 100 turns | decided by it | µs a turn |\n| --- | --: | --: | --: | --: |')
  for (const row of rows) {
    const { policy, success_percent: success, usd_per_100_turns: usd, decided_percent: own, us_per_turn: us } = row
    console.log(`| ${policy} | ${success.toFixed(1)} % | ${usd.toFixed(2)} | ${own.toFixed(0)} % | ${us.toFixed(0)} |`)
  }
}

function decided(choose, turn, index) {
  const made = choose(turn, index)
  return typeof made === 'string' ? { model: made } : made
}

/** The slot itself, learning as it goes; where it is not sure, the middle one answers. */
async function replay(costWeight) {
  const store = { add: async () => {}, judge: async () => {}, read: async () => [] }
  const settings = { costWeight, neighbours: 25, minSample: 5, minConfidence: 0.25 }
  let nowUs = 0
  const patterns = createPatterns({ settings, store, clock: { nowUs: () => (nowUs += 1000) }, logger: { log: () => {} } })
  await patterns.prepare()
  return (turn, index) => {
    const request = requestOf(turn.text)
    const found = index < learned ? null : patterns.recommend(request, () => true)
    const model = index < learned ? models[Math.floor(random() * models.length)] : (found?.model ?? 'middle')
    return {
      model,
      isOwn: found !== null && found.model !== null,
      // A turn that helped nobody ends well all the same; half of its users say so, the others ask again or say nothing.
      learn: (answered) => {
        const status = turn.outcomes[answered] || !turn.isNoticed ? 'ok' : 'failed'
        patterns.learn(request, {
          turnId: String(index),
          session: turn.session,
          model: answered,
          status,
          costNanoUsd: costs[answered],
        })
      },
    }
  }
}

function requestOf(text) {
  const message = { role: 'user', parts: [{ type: 'text', text }], path: 'messages[0]' }
  return {
    requestedModel: '',
    traits: { estimatedInputTokens: 100, hasTools: false, hasImages: false },
    content: () => ({ messages: [message] }),
  }
}

/** Three to eight questions of one kind, as work comes. */
function session(_, number) {
  const kind = kinds[Math.floor(random() * kinds.length)]
  return Array.from({ length: 3 + Math.floor(random() * 6) }, () => ({
    session: String(number),
    text: Array.from({ length: 6 + Math.floor(random() * 10) }, () => pick(random() < 0.5 ? kind.words : filler)).join(' '),
    outcomes: Object.fromEntries(models.map((model) => [model, random() < kind.helps[model]])),
    isNoticed: random() < 0.5,
  }))
}

function pick(words) {
  return words[Math.floor(random() * words.length)]
}

/** mulberry32 */
function randomFrom(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

async function loadPatterns() {
  const outfile = join(folder, 'patterns.mjs')
  await build({
    entryPoints: [fileURLToPath(new URL('../src/routing/patterns/patterns.ts', import.meta.url))],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  })
  return import(outfile)
}
