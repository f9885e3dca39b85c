// Proves the durability identity: streams load at a gateway, kills it with SIGKILL at a random moment, starts it again, many
// times, and then compares what clients and the provider saw with what the trace says.
//
//   npm run build && node scripts/kill9.mjs [--count 20] [--clients 24] [--seed N] [--db FILE|URL] [--others 1]
//                                           [--cli dist/cli.js] [--keep]
//
// `--db postgres://…` (empty, or ours) in place of a SQLite file; `--others N`: as many gateways beside the killed one, on the
// same database, that run on and sweep what it leaves open.
//
// Exit 0 only when lost, doubled, orphans and whole answers called INTERRUPTED are all 0, every upstream call has its
// route.decided, the ids of each turn rise, and the database is whole. Loopback only, in a temporary folder.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startMockUpstream } from '../bench/mock-upstream.mjs'
import { judge } from './kill9-ledger.mjs'
import { countOpenTurns, readTrace } from './kill9-trace.mjs'

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '20' },
    clients: { type: 'string', default: '24' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    cli: { type: 'string', default: fileURLToPath(new URL('../dist/cli.js', import.meta.url)) },
    db: { type: 'string' },
    others: { type: 'string', default: '0' },
    keep: { type: 'boolean', default: false },
  },
})

/** Both shapes, streaming and not, same shape and across. */
const kinds = ['anthropic', 'openai'].flatMap((shape) =>
  ['ant', 'oai'].flatMap((provider) => [true, false].map((stream) => ({ shape, provider, stream }))),
)

/** What clients and the provider saw; `session` is the mark that both of them and the trace know a turn by. */
const seen = { /** session → turn id */ whole: new Map(), upstream: new Set(), cut: 0, refused: 0 }
const random = randomFrom(Number(flags.seed))
const directory = mkdtempSync(join(tmpdir(), 'metis-kill9-'))
const db = flags.db ?? join(directory, 'metis.db')
// In the environment, where nobody sees a URL's password.
const env = { PATH: process.env.PATH, HOME: directory, METIS_HOME: directory, METIS_DB: db }

const upstream = await startMockUpstream({
  onRequest: (body) => {
    const mark = /kill9-\d+-\d+/.exec(body.toString('latin1'))
    if (mark) seen.upstream.add(mark[0])
  },
})
const config = writeConfig(upstream.port)
const token = issueKey()
const port = await freePort()
let child = null
const others = []
process.on('exit', () => {
  for (const gateway of [child, ...others.map(({ process }) => process)]) gateway?.kill('SIGKILL')
  if (!flags.keep) rmSync(directory, { recursive: true, force: true })
})

let slowestStartMs = 0
for (let nth = 0; nth < Number(flags.others); nth++) {
  const otherPort = await freePort()
  others.push({ process: await startGateway(otherPort), port: otherPort })
}
for (let round = 0; round < Number(flags.count); round++) {
  child = await startGateway(port)
  const load = startLoad(round)
  await sleep(200 + random() * 1_000)
  await endGateway(child, 'SIGKILL')
  await load.stop()
}
// What the last kill left open is swept by a gateway that runs, or by the next start.
if (others.length === 0) child = await startGateway(port)
await sweepDone()
if (others.length === 0) await endGateway(child, 'SIGTERM')
for (const other of others) await endGateway(other.process, 'SIGTERM')
await upstream.stop()

const verdict = judge(await readTrace(db), seen)
console.log(
  `${flags.count} kills (seed ${flags.seed}): ${seen.whole.size} answers seen whole, ${seen.cut} cut, ${seen.refused} refused; ` +
    `${seen.upstream.size} calls upstream; ${verdict.interrupted} turns closed as INTERRUPTED; slowest start ${Math.round(slowestStartMs)} ms`,
)
console.log(
  `lost ${verdict.lost}, doubled ${verdict.doubled}, orphans ${verdict.orphans}, ` +
    `whole answers called INTERRUPTED ${verdict.wrongly}, out of order ${verdict.disorder}, integrity ${verdict.integrity}`,
)
for (const fault of verdict.faults.slice(0, 20)) console.log(`  ${fault}`)
if (seen.whole.size === 0 || verdict.interrupted === 0)
  console.log('  nothing was proved: no whole answer, or no kill met a running turn')
const held = verdict.faults.length === 0 && seen.whole.size > 0 && verdict.interrupted > 0
process.exit(held ? 0 : 1)

/** Clients that ask one call after the other until the gateway is gone. */
function startLoad(round) {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity })
  const leaving = new AbortController()
  let next = 0
  const ports = [port, ...others.map((other) => other.port)]
  async function client(index) {
    while (!leaving.signal.aborted) {
      const session = `kill9-${round}-${next++}`
      const outcome = await turnOf(agent, ports[index % ports.length], session, kinds[(index + next) % kinds.length])
      if (outcome.whole) seen.whole.set(session, outcome.turnId)
      else if (outcome.status >= 400) seen.refused += 1
      else seen.cut += 1
      if (!outcome.whole) await sleep(5)
    }
  }
  const clients = Array.from({ length: Number(flags.clients) }, (_, index) => client(index))
  return {
    async stop() {
      leaving.abort()
      await Promise.all(clients)
      agent.destroy()
    },
  }
}

/** `whole`: the client read an answer to its end mark. */
function turnOf(agent, port, session, { shape, provider, stream }) {
  const anthropic = shape === 'anthropic'
  const messages = [{ role: 'user', content: `${session} says hello` }]
  const body = JSON.stringify({ model: `${provider}:bench-12-8`, max_tokens: 256, stream, messages })
  const auth = anthropic ? { 'x-api-key': token, 'anthropic-version': '2023-06-01' } : { authorization: `Bearer ${token}` }
  const headers = { ...auth, 'content-type': 'application/json', 'x-metis-session': session }
  const endMark = stream ? (anthropic ? 'event: message_stop' : 'data: [DONE]') : ''
  return new Promise((resolve) => {
    const path = anthropic ? '/v1/messages' : '/v1/chat/completions'
    const call = request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers, timeout: 10_000 })
    call.on('timeout', () => call.destroy())
    call.on('error', () => resolve({ whole: false, status: 0 }))
    call.on('response', (answer) => {
      let text = ''
      const turnId = answer.headers['x-metis-turn-id']
      // The end mark counts as soon as it is read: the connection may break after it.
      const done = (ended) => {
        const whole = answer.statusCode === 200 && (stream ? text.includes(endMark) : ended && isJson(text))
        resolve({ whole, turnId, status: answer.statusCode })
      }
      answer.setEncoding('utf8').on('data', (chunk) => (text += chunk))
      answer.on('end', () => done(true))
      answer.on('error', () => done(false))
      answer.on('close', () => done(false))
    })
    call.end(body)
  })
}

function isJson(text) {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}

async function startGateway(port) {
  const startMs = performance.now()
  const args = [flags.cli, '--port', String(port), '--no-serve', '--config', config, '--log-level', 'warn']
  const gateway = spawn(process.execPath, args, { env, cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  gateway.stderr.on('data', (chunk) => (errors = (errors + chunk).slice(-4_000)))
  while (!(await isUp(port))) {
    if (gateway.exitCode !== null || performance.now() - startMs > 10_000) throw new Error(`the gateway did not start\n${errors}`)
    await sleep(5)
  }
  slowestStartMs = Math.max(slowestStartMs, performance.now() - startMs)
  return gateway
}

/** Waits for the exit as well: a process that nobody has waited for still has its pid. */
async function endGateway(gateway, signal) {
  const gone = new Promise((resolve) => gateway.once('exit', resolve))
  gateway.kill(signal)
  await gone
}

function isUp(port) {
  return new Promise((resolve) => {
    const call = request({ host: '127.0.0.1', port, path: '/healthz', agent: false, timeout: 1_000 })
    call.on('response', (answer) => answer.resume().on('end', () => resolve(answer.statusCode === 200)))
    call.on('timeout', () => call.destroy())
    call.on('error', () => resolve(false))
    call.end()
  })
}

/** The sweep at start may run beside the first answers, and a running gateway sweeps every 5 s: what is open then is an orphan. */
async function sweepDone() {
  for (let waitedMs = 0; waitedMs < 8_000 && (await countOpenTurns(db)) > 0; waitedMs += 50) await sleep(50)
}

function writeConfig(upstreamPort) {
  const file = join(directory, 'config.json')
  const providers = {
    ant: { wire: 'anthropic', base_url: `http://127.0.0.1:${upstreamPort}`, api_key: 'kill9' },
    oai: { wire: 'openai', base_url: `http://127.0.0.1:${upstreamPort}/v1`, api_key: 'kill9' },
  }
  writeFileSync(file, JSON.stringify({ providers, prices: { 'ant:*': { input: 1, output: 5 } } }), { mode: 0o600 })
  return file
}

function issueKey() {
  const args = [flags.cli, 'issue-key', '--name', 'kill9', '--workspace', directory, '--json', '--config', config]
  return JSON.parse(execFileSync(process.execPath, args, { env, encoding: 'utf8' })).token
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port: free } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return free
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** mulberry32: the same moments for the same seed. */
function randomFrom(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
