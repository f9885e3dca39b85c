// The measurements. Each takes the running targets in turn, `rounds` times, and gives the median per target: figures of one
// stage are taken side by side, so that their ratios hold on a busy machine too.
import { request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { line, start, stop, weigh } from './processes.mjs'
import { callOf, longHistory } from './targets.mjs'

const loadCore = 1
const collectFile = fileURLToPath(new URL('collect-on-signal.cjs', import.meta.url))
const traceFile = fileURLToPath(new URL('trace.mjs', import.meta.url))
const loadFile = fileURLToPath(new URL('load.mjs', import.meta.url))

function startLoad(job) {
  const child = start(process.execPath, [loadFile], { core: loadCore })
  child.stdin.write(`${JSON.stringify(job)}\n`)
  return child
}

async function load(job) {
  return JSON.parse(await line(startLoad(job)))
}

/** CPU milliseconds of the proxy's tree per unit of work. */
async function cpuPer(running, rounds, job, unitsOf) {
  const samples = new Map(running.map(({ target }) => [target.name, []]))
  // The rounds before the first warm everybody up and are thrown away: after one, compilers still work beside what is measured.
  for (let round = -2; round < rounds; round++) {
    for (const { target, port, child } of running) {
      const before = weigh(child.pid).cpuS
      const result = await load(job(target, port))
      if (result.errors > 0)
        throw new Error(`${target.name}: ${result.errors} of ${result.answers + result.errors} failed\n${child.errors}`)
      const perUnit = ((weigh(child.pid).cpuS - before) * 1_000) / unitsOf(result)
      if (round >= 0) samples.get(target.name).push(perUnit)
    }
  }
  return medians(samples)
}

/** ms per 1,000 JSON calls, 32 at once. */
export const jsonCalls = (running, { rounds, scale }, shape) =>
  cpuPer(
    running,
    rounds,
    (target, port) => ({
      kind: 'calls',
      call: callOf(target, port, { shape }),
      concurrency: 32,
      count: Math.round(4_000 * scale),
    }),
    ({ answers }) => (answers + 32) / 1_000,
  )

/** ms per 1,000 frames, 100 streams at once, a frame every 20 ms in each. */
export const sseChunks = (running, { rounds, scale }, shape, wire = shape) => {
  const streams = 100
  const perStream = Math.round(80 * scale)
  return cpuPer(
    running,
    rounds,
    (target, port) => ({
      kind: 'calls',
      call: callOf(target, port, { shape, wire, stream: `bench-${perStream}-20` }),
      concurrency: streams,
      count: streams,
    }),
    ({ frames }) => {
      if (frames < streams * perStream) throw new Error(`only ${frames} of ${streams * perStream} frames arrived`)
      // Counted as the upstream sends them, the same for all; the load's own warm-up sends as many again.
      return (2 * streams * perStream) / 1_000
    },
  )
}

/** ms per request of 200 kB. */
export const longRequests = (running, { rounds, scale }, shape) =>
  cpuPer(
    running,
    rounds,
    (target, port) => ({
      kind: 'calls',
      call: callOf(target, port, { shape, messages: longHistory }),
      concurrency: 4,
      count: Math.round(400 * scale),
    }),
    ({ answers }) => answers + 4,
  )

/** Median ms that the proxy adds to a JSON call, one at a time, against the upstream itself. */
export async function addedLatency(running, { scale }, direct, shape) {
  const all = [direct, ...running]
  const calls = all.map(({ target, port }) => callOf(target, port, { shape }))
  const { p50Ms } = await load({ kind: 'ladder', calls, rounds: 5, count: Math.round(200 * scale) })
  return new Map(running.map(({ target }, index) => [target.name, p50Ms[index + 1] - p50Ms[0]]))
}

/** With `streams` open, a frame every 100 ms in each: median ms that the proxy adds to the first token of one more. */
export async function firstTokens(running, { streams }, direct, shape) {
  const base = await firstTokenOf(direct, streams, shape)
  const added = new Map()
  for (const entry of running) added.set(entry.target.name, (await firstTokenOf(entry, streams, shape)) - base)
  return added
}

async function firstTokenOf({ target, port, child }, streams, shape) {
  const call = callOf(target, port, { shape, stream: 'bench-600-100' })
  const probe = callOf(target, port, { shape, stream: 'bench-2-1' })
  const open = await openLoad({ call, streams, probe, probes: 150 })
  await open.end()
  if (child !== undefined) await idle(child)
  return open.firstTokenP50Ms
}

/** Resolves when a proxy has put away the streams whose clients left: each is a turn to close, and turns are limited. */
async function idle(child) {
  const endMs = performance.now() + 20_000
  for (let before = NaN; performance.now() < endMs;) {
    const { cpuS } = weigh(child.pid)
    if (cpuS - before < 0.02) return
    before = cpuS
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  throw new Error('the proxy did not come to rest')
}

/**
 * Bytes of resident set, after a collection of garbage, that each of `streams` further streams costs a warm process which has
 * 200 open already. A process of its own, since one that has served much has room that hides it.
 */
export async function streamMemory(targets, { streams }, shape) {
  const bytes = new Map()
  for (const target of targets) {
    const { child, port } = await target.launch(['--require', collectFile])
    await answered(callOf(target, port, { shape }), child)
    await load({ kind: 'calls', call: callOf(target, port, { shape }), concurrency: 64, count: 4_000 })
    const job = {
      call: callOf(target, port, { shape, stream: 'bench-60-1000' }),
      probe: callOf(target, port, { shape }),
      probes: 1,
    }
    const few = await openLoad({ ...job, streams: 200 })
    const before = await heldBytes(target, child)
    const many = await openLoad({ ...job, streams })
    bytes.set(target.name, ((await heldBytes(target, child)) - before) / streams)
    await Promise.all([few.end(), many.end()])
    await stop(child)
  }
  return bytes
}

async function heldBytes({ native }, child) {
  await settle()
  if (!native) child.kill('SIGUSR2')
  await settle()
  return weigh(child.pid).rssBytes
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 1_500))

/** Opens the streams and probes; they stay open until `end()`. */
async function openLoad(job) {
  const loader = startLoad({ kind: 'open', ...job })
  const { open } = JSON.parse(await line(loader))
  if (open !== job.streams) throw new Error(`only ${open} of ${job.streams} streams opened`)
  const { firstTokenP50Ms } = JSON.parse(await line(loader))
  return {
    firstTokenP50Ms,
    end: async () => {
      loader.stdin.write('enough\n')
      await line(loader)
    },
  }
}

/** µs of CPU that a turn on record costs: one at a time, and 50 together. */
export async function tracedTurns(name, directory, runtime = process.execPath) {
  const child = start(runtime, [traceFile, directory], { core: 0 })
  const { alone, grouped } = JSON.parse(await line(child))
  return { alone: new Map([[name, alone]]), grouped: new Map([[name, grouped]]) }
}

/** Median ms from spawn to the first whole answer. */
export async function coldStart(targets, { rounds }) {
  const samples = new Map(targets.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const target of targets) {
      const startMs = performance.now()
      const { child, port } = await target.launch()
      await answered(callOf(target, port, { shape: 'openai' }), child)
      samples.get(target.name).push(performance.now() - startMs)
      await stop(child)
    }
  }
  return medians(samples)
}

/** Resolves when the call gets a 200; asks every 3 ms until then. */
export async function answered(call, child) {
  const endMs = performance.now() + 20_000
  let last = 'no answer'
  while (performance.now() < endMs) {
    if (child.exitCode !== null) break
    const status = await statusOf(call)
    if (status === 200) return
    if (status !== 0) last = `status ${status}`
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
  throw new Error(`the proxy did not answer (${last})\n${child.errors}`)
}

function statusOf({ origin, path, headers, body }) {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(origin)
    const call = request({
      hostname,
      port,
      path,
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    })
    call.on('response', (answer) => answer.resume().on('end', () => resolve(answer.statusCode)))
    call.on('error', () => resolve(0))
    call.end(body)
  })
}

function medians(samples) {
  return new Map([...samples].map(([name, list]) => [name, list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]]))
}
