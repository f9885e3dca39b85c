// The maintenance of maintenance.ts in a thread of its own, so that no fsync and no checkpoint ever stops an answer.
// Messages in: { watch: instanceId }, { flush: number }, { close: true }. Out: { flushed: number, error? }, { closed: true }.
import { parentPort, workerData } from 'node:worker_threads'
import { createMaintenance } from './maintenance.ts'
import { loadSqliteDriver } from './sqlite-driver.ts'
import { threadData, threadRequest } from './maintenance-messages.ts'

const { path, driver, commits } = threadData.parse(workerData)
const maintenance = createMaintenance({
  path,
  driver: await loadSqliteDriver(driver),
  commits,
  waitMs: 1000,
  nowUs: () => Date.now() * 1000,
  nowMs: () => performance.now(),
})
maintenance.tick()
const timer = setInterval(() => maintenance.tick(), 1000)

parentPort?.on('message', (data: unknown) => {
  const message = threadRequest.parse(data)
  if ('watch' in message) maintenance.watch(message.watch)
  else if ('flush' in message) void flush(message.flush)
  else close()
})

async function flush(id: number): Promise<void> {
  try {
    await maintenance.flush()
    parentPort?.postMessage({ flushed: id })
  } catch (error) {
    parentPort?.postMessage({ flushed: id, error: String(error) })
  }
}

function close(): void {
  clearInterval(timer)
  maintenance.close()
  parentPort?.postMessage({ closed: true })
  parentPort?.close()
}
