// The measurements. Each takes the running targets in turn, `rounds` times, and gives the median per target: figures of one
// stage are taken side by side, so that their ratios hold on a busy machine too.
import { request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { line, start, stop, weigh } from './processes.mjs'
import { callOf, longHistory } from './targets.mjs'

const loadCore = 1
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
  // The round before the first warms everybody up and is thrown away.
  for (let round = -1; round < rounds; round++) {
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

/**
 * With `streams` open, a frame every 100 ms in each: what the proxy adds to the first token (ms, median), and what each
 * stream costs it in memory (bytes of resident set, over the same process warm and idle).
 */
export async function openStreams(running, { streams }, direct, shape) {
  const base = await withOpenStreams(direct, streams, shape)
  const firstToken = new Map()
  const memory = new Map()
  for (const entry of running) {
    const seen = await withOpenStreams(entry, streams, shape)
    firstToken.set(entry.target.name, seen.firstTokenP50Ms - base.firstTokenP50Ms)
    memory.set(entry.target.name, seen.bytesPerStream)
  }
  return { firstToken, memory }
}

async function withOpenStreams({ target, port, child }, streams, shape) {
  const rss = () => (child ? weigh(child.pid).rssBytes : 0)
  const before = rss()
  const call = callOf(target, port, { shape, stream: 'bench-600-100' })
  const probe = callOf(target, port, { shape, stream: 'bench-2-1' })
  const loader = startLoad({ kind: 'open', call, streams, probe, probes: 150 })
  const { open } = JSON.parse(await line(loader))
  if (open !== streams) throw new Error(`${target.name}: only ${open} of ${streams} streams opened`)
  const { firstTokenP50Ms } = JSON.parse(await line(loader))
  const bytesPerStream = (rss() - before) / streams
  loader.stdin.write('enough\n')
  await line(loader)
  return { firstTokenP50Ms, bytesPerStream }
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
