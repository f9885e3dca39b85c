// Fault drills: a provider that fails in five ways, each once with the gateway's mechanism against it and once without.
//
//   npm run build && node scripts/fault-drills.mjs [--turns 200] [--clients 8] [--cli dist/cli.js] [--json]
//
// Prints success rate, what a turn takes longer than on a healthy provider, and attempts per turn, as the ledger has them.
// Exit 1 when a mechanism helps nothing. Loopback only, in temporary folders.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values: flags } = parseArgs({
  options: {
    turns: { type: 'string', default: '200' },
    clients: { type: 'string', default: '8' },
    cli: { type: 'string', default: fileURLToPath(new URL('../dist/cli.js', import.meta.url)) },
    json: { type: 'boolean', default: false },
  },
})
const turns = Number(flags.turns)
const clients = Number(flags.clients)

/** A provider's healthy answer takes this long. */
const SERVICE_MS = 20
const WARM_UP = 60
const WARM_MODEL = 'other:drill'
const KEYS = ['key-one-of-three', 'key-two-of-three', 'key-three-of-three']
const completion = JSON.stringify({
  id: 'chatcmpl-drill',
  object: 'chat.completion',
  created: 1795000000,
  model: 'drill',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Fine.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
})

/** What a provider does with request number `nth`, that came `ms` after the first, with this key. */
const healthy = () => ({ status: 200 })
const drills = [
  {
    name: 'outage of 2 s',
    mechanism: 'retries, then the fallback',
    behave: ({ ms }) => ({ status: ms > 500 && ms < 2500 ? 503 : 200 }),
    paceMs: 150,
    with: { fallback: true },
    without: { retries: 0 },
  },
  {
    name: 'brown-out, 20 % errors',
    mechanism: 'retries',
    behave: ({ nth }) => ({ status: nth % 5 === 0 ? 500 : 200 }),
    with: {},
    without: { retries: 0 },
  },
  {
    name: 'slow first byte, 10 %',
    mechanism: 'first_byte_ms and the fallback',
    behave: ({ nth }) => ({ status: 200, waitMs: nth % 10 === 0 ? 5000 : 0 }),
    with: { fallback: true, firstByteMs: 500 },
    without: {},
  },
  {
    name: 'one bad key of three',
    mechanism: 'a pool of keys',
    behave: ({ key }) => ({ status: key === KEYS[1] ? 401 : 200 }),
    with: { pool: true },
    without: { oneKeyEach: true },
  },
  {
    name: 'dead provider',
    mechanism: 'the fallback, asked first once the provider is known to be away',
    behave: null,
    with: { fallback: true },
    without: {},
  },
]

const baseline = await run({ behave: healthy, paceMs: 0 }, {})
const results = []
for (const drill of drills) {
  for (const variant of ['with', 'without']) {
    const seen = await run(drill, drill[variant])
    results.push({
      drill: drill.name,
      mechanism: variant === 'with' ? drill.mechanism : 'without',
      success_percent: (seen.ok / seen.turns) * 100,
      added_p50_ms: seen.p50 - baseline.p50,
      added_p95_ms: seen.p95 - baseline.p95,
      attempts_per_turn: seen.attempts,
    })
  }
}

if (flags.json) console.log(JSON.stringify({ baseline, results }, null, 2))
else {
  console.log(`${turns} turns, ${clients} at once; healthy: p50 ${round(baseline.p50)} ms, p95 ${round(baseline.p95)} ms\n`)
  console.log('| drill | mechanism | success | added p50 | added p95 | attempts a turn |\n| --- | --- | --: | --: | --: | --: |')
  for (const row of results) {
    const { success_percent: success, added_p50_ms: p50, added_p95_ms: p95, attempts_per_turn: attempts } = row
    console.log(
      `| ${row.drill} | ${row.mechanism} | ${success.toFixed(1)} % | ${round(p50)} ms | ${round(p95)} ms | ${attempts.toFixed(2)} |`,
    )
  }
}
const useless = drills.filter(({ name }) => {
  const [with_, without] = results.filter(({ drill }) => drill === name)
  return with_.success_percent <= without.success_percent && with_.added_p95_ms >= without.added_p95_ms
})
for (const { name, mechanism } of useless) console.error(`${mechanism} did not help against: ${name}`)
process.exit(useless.length === 0 ? 0 : 1)

/** The gateway of one variant, under load; what its clients saw, and what its ledger says. */
async function run({ behave, paceMs = 0 }, options) {
  const home = mkdtempSync(join(tmpdir(), 'metis-drill-'))
  const providers = [await startProvider(behave ?? healthy), await startProvider(healthy)]
  if (behave === null) await providers[0].stop()
  writeFileSync(join(home, 'config.yaml'), JSON.stringify(configOf(providers, options)), { mode: 0o600 })
  const env = { PATH: process.env.PATH, HOME: home, METIS_HOME: home }
  const issued = execFileSync(process.execPath, [flags.cli, 'issue-key', '--name', 'drill', '--workspace', home, '--json'], {
    env,
  })
  const { token } = JSON.parse(String(issued))
  const gateway = await startGateway(env)
  try {
    // What compilers do in the first requests is no fault of a provider.
    for (let nth = 0; nth < WARM_UP; nth += 1) await ask(gateway.port, token, WARM_MODEL)
    const seen = await load(gateway.port, token, paceMs, options)
    return { ...seen, attempts: await attemptsOf(env) }
  } finally {
    await gateway.stop()
    for (const provider of providers) await provider.stop()
    rmSync(home, { recursive: true, force: true })
  }
}

function configOf([main, other], { fallback = false, retries = 2, firstByteMs = 10_000, pool = false, oneKeyEach = false }) {
  const wire = { wire: 'openai', base_url: main.url }
  const keyed = pool ? { ...wire, api_keys: KEYS } : { ...wire, api_key: KEYS[0] }
  const each = oneKeyEach ? Object.fromEntries(KEYS.map((key, index) => [`main-${index}`, { ...wire, api_key: key }])) : {}
  return {
    providers: { main: keyed, ...each, other: { wire: 'openai', base_url: other.url, api_key: 'key-of-the-other' } },
    prices: { '*': { input: 1, output: 1 } },
    limits: { max_retries: retries, first_byte_ms: firstByteMs },
    ...(fallback ? { fallbacks: { 'main:drill': ['other:drill'] } } : {}),
  }
}

async function startProvider(behave) {
  let count = 0
  let firstMs = null
  const server = createServer((incoming, outgoing) => {
    incoming.resume().on('end', async () => {
      count += 1
      firstMs ??= performance.now()
      const key = String(incoming.headers.authorization ?? '').replace('Bearer ', '')
      const { status, waitMs = 0 } = behave({ nth: count, ms: performance.now() - firstMs, key })
      await sleep(SERVICE_MS + waitMs)
      const body = status === 200 ? completion : JSON.stringify({ error: { message: 'drill', type: 'server_error' } })
      outgoing.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body)
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}/v1`,
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  }
}

async function startGateway(env) {
  const child = spawn(process.execPath, [flags.cli, 'start', '--port', '0', '--no-serve', '--log-level', 'error'], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let said = ''
  const port = await new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(`the gateway ended: ${said}`)))
    child.stdout.on('data', (piece) => {
      said += piece
      const found = /gateway is on http:\/\/127\.0\.0\.1:(\d+)/.exec(said)
      if (found) resolve(Number(found[1]))
    })
  })
  return {
    port,
    stop: () =>
      new Promise((resolve) => {
        child.removeAllListeners('exit')
        child.once('exit', resolve)
        child.kill('SIGTERM')
      }),
  }
}

async function load(port, token, paceMs, { oneKeyEach = false }) {
  const latencies = []
  let ok = 0
  let next = 0
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (next < turns) {
        const nth = next++
        const startedMs = performance.now()
        const model = oneKeyEach ? `main-${nth % KEYS.length}:drill` : 'main:drill'
        if ((await ask(port, token, model)) === 200) ok += 1
        latencies.push(performance.now() - startedMs)
        if (paceMs > 0) await sleep(paceMs)
      }
    }),
  )
  latencies.sort((a, b) => a - b)
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))]
  return { turns, ok, p50: at(0.5), p95: at(0.95) }
}

function ask(port, token, model) {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'drill' }] })
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    authorization: `Bearer ${token}`,
  }
  return new Promise((resolve) => {
    const outgoing = request({ port, host: '127.0.0.1', path: '/v1/chat/completions', method: 'POST', headers }, (incoming) =>
      incoming.resume().on('end', () => resolve(incoming.statusCode)),
    )
    outgoing.on('error', () => resolve(0)).end(body)
  })
}

/** Of the calls on record, failed ones too. */
async function attemptsOf(env) {
  const { default: Sqlite } = await import('better-sqlite3')
  const db = new Sqlite(join(env.METIS_HOME, 'metis.db'), { readonly: true })
  try {
    return db.prepare('select avg(attempts) as attempts from calls where requested_model <> ?').get(WARM_MODEL).attempts
  } finally {
    db.close()
  }
}

function round(ms) {
  return Math.round(ms)
}
