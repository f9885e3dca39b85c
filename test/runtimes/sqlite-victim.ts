// Writes turns for ever and prints the number of each once it is on record: a process made to be killed.
import { setTimeout as delay } from 'node:timers/promises'
import { openSqlite } from '../../runtimes/node/sqlite.ts'
import { createCommitQueue } from '../../src/store/commit-queue.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createTraceStore } from '../../src/store/trace-store.ts'
import { turnOf } from '../support/turns.ts'

const storage = await openSqlite(process.argv[2] ?? '')
await migrate(storage)
const logger = { log: () => undefined }
const clock = { nowUs: () => Date.now() * 1000, nowMs: () => performance.now(), sleep: (ms: number) => delay(ms) }
const queue = createCommitQueue({ storage, clock, defer: setImmediate, logger })
const traces = createTraceStore({ storage, queue, clock, instanceId: 'victim', logger })

let next = 0
async function writeForEver(): Promise<void> {
  for (;;) {
    const number = next++
    const { opened, closed } = turnOf(number)
    await traces.openTurn(opened, { mustCommit: false })
    await traces.closeTurn(closed)
    process.stdout.write(`${number}\n`)
  }
}
await Promise.all(Array.from({ length: 20 }, writeForEver))
