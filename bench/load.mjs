// The load generator, a process of its own: reads a job as one line of JSON on stdin, prints its result as one line.
//   { kind: 'calls',  call, concurrency, count }     → { answers, frames, errors, elapsedMs, p50Ms, p99Ms }
//   { kind: 'ladder', calls: [call, …], rounds, count } → { p50Ms: [one per call] }: takes turns, one request at a time
//   { kind: 'open',   call, streams, probe, probes } → prints {"open":n} when all streams run, then { firstTokenP50Ms, errors };
//     the streams stay open until a line comes on stdin
// A call is { origin, path, headers, body }.
import { createInterface } from 'node:readline'
import { Pool } from 'undici'

const orders = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const job = JSON.parse((await orders.next()).value)
const kinds = { calls: runCalls, ladder: runLadder, open: runOpen }
console.log(JSON.stringify(await kinds[job.kind](job)))
process.exit(0)

async function runCalls({ call, concurrency, count }) {
  const pool = poolFor(call, concurrency)
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, () => send(pool, call)))
  const results = []
  const startMs = performance.now()
  let left = count
  async function worker() {
    while (left-- > 0) results.push(await send(pool, call))
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return { ...summary(results), elapsedMs: performance.now() - startMs }
}

async function runLadder({ calls, rounds, count }) {
  const pools = calls.map((call) => poolFor(call, 1))
  const times = calls.map(() => [])
  for (let round = 0; round <= rounds; round++) {
    for (const [index, call] of calls.entries()) {
      for (let n = 0; n < count; n++) {
        const { ms } = await send(pools[index], call)
        // The first round warms both sides up.
        if (round > 0) times[index].push(ms)
      }
    }
  }
  return { p50Ms: times.map((list) => quantile(list, 0.5)) }
}

async function runOpen({ call, streams, probe, probes }) {
  const pool = poolFor(call, streams)
  const leaving = []
  let errors = 0
  // Opened in steps: a burst of connections would measure the accept queue.
  for (let opened = 0; opened < streams; opened += 50) {
    const batch = Array.from({ length: Math.min(50, streams - opened) }, () => {
      const first = Promise.withResolvers ? Promise.withResolvers() : deferred()
      void send(pool, call, { onFirst: first.resolve, leaving }).then(({ ok }) => {
        if (!ok) errors += 1
        first.resolve()
      })
      return first.promise
    })
    await Promise.all(batch)
  }
  const errorsAtOpen = errors
  console.log(JSON.stringify({ open: streams - errorsAtOpen }))
  const probePool = poolFor(probe, 1)
  const firstTokens = []
  for (let n = 0; n < probes + 10; n++) {
    const { firstMs } = await send(probePool, probe)
    if (n >= 10) firstTokens.push(firstMs)
  }
  console.log(JSON.stringify({ firstTokenP50Ms: quantile(firstTokens, 0.5), firstTokenP99Ms: quantile(firstTokens, 0.99) }))
  await orders.next()
  for (const leave of leaving) leave()
  return { errors: errorsAtOpen }
}

function poolFor({ origin }, connections) {
  return new Pool(origin, { connections, pipelining: 1, bodyTimeout: 120_000, headersTimeout: 120_000 })
}

/** Never rejects. `frames` counts blank lines, which end an SSE frame. */
function send(pool, { path, headers, body }, { onFirst = () => {}, leaving = [] } = {}) {
  return new Promise((resolve) => {
    const startMs = performance.now()
    let status = 0
    let firstMs = 0
    let frames = 0
    let lastByte = 0
    const finish = (ok) => resolve({ ok, status, frames, firstMs, ms: performance.now() - startMs })
    pool.dispatch(
      { path, method: 'POST', headers, body },
      {
        onRequestStart: (controller) => leaving.push(() => controller.abort(new Error('left'))),
        onResponseStart: (_, statusCode) => {
          status = statusCode
        },
        onResponseData: (_, chunk) => {
          if (firstMs === 0) {
            firstMs = performance.now() - startMs
            onFirst()
          }
          if (lastByte === 10 && chunk[0] === 10) frames += 1
          for (let at = chunk.indexOf('\n\n'); at !== -1; at = chunk.indexOf('\n\n', at + 2)) frames += 1
          lastByte = chunk.at(-1)
        },
        onResponseEnd: () => finish(status === 200),
        onResponseError: () => finish(false),
      },
    )
  })
}

function summary(results) {
  const times = results.map(({ ms }) => ms)
  return {
    answers: results.filter(({ ok }) => ok).length,
    errors: results.filter(({ ok }) => !ok).length,
    frames: results.reduce((sum, { frames }) => sum + frames, 0),
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
  }
}

function quantile(values, q) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length * q)] ?? NaN
}

function deferred() {
  let resolve
  const promise = new Promise((settle) => (resolve = settle))
  return { promise, resolve }
}
