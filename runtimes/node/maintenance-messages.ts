// What the maintenance thread and its owner say to each other, and the owner's end of it.
import { Worker } from 'node:worker_threads'
import * as z from 'zod'
import { sqliteDriverNames, type SqliteDriver } from './sqlite-connection.ts'

export const threadData = z.object({
  path: z.string(),
  driver: z.enum(sqliteDriverNames),
  commits: z.instanceof(Int32Array),
})

export const threadRequest = z.union([
  z.object({ watch: z.string() }),
  z.object({ flush: z.int() }),
  z.object({ close: z.literal(true) }),
])

const threadAnswer = z.union([
  z.object({ flushed: z.int(), error: z.string().optional() }),
  z.object({ closed: z.literal(true) }),
])

/** Its start (40 ms of CPU) would delay the first answer; it works at once, so what was written until then is safe within the second. */
const startAfterMs = 500

export interface MaintenanceThread {
  watch(instanceId: string): void
  flush(): Promise<void>
  close(): Promise<void>
}

/** `onFault` is called when the thread dies by itself: the store still works, but nothing is synced any more. */
export function startMaintenanceThread(
  entry: URL,
  data: { readonly path: string; readonly driver: SqliteDriver['name']; readonly commits: Int32Array },
  onFault: (error: unknown) => void,
): MaintenanceThread {
  const flushes = new Map<number, { resolve: () => void; reject: (error: unknown) => void }>()
  let flushCount = 0
  let gone: unknown
  let watched: string | null = null
  let running: { readonly worker: Worker; readonly exited: Promise<void> } | null = null
  const later = setTimeout(start, startAfterMs)
  later.unref()

  function start(): { readonly worker: Worker; readonly exited: Promise<void> } {
    if (running !== null) return running
    clearTimeout(later)
    const worker = new Worker(entry, { workerData: data })
    worker.unref()
    worker.on('message', (message: unknown) => {
      const answer = threadAnswer.parse(message)
      if (!('flushed' in answer)) return
      const waiting = flushes.get(answer.flushed)
      flushes.delete(answer.flushed)
      if (answer.error === undefined) waiting?.resolve()
      else waiting?.reject(new Error(answer.error))
      if (flushes.size === 0) worker.unref()
    })
    worker.on('error', (error) => {
      gone = error
      onFault(error)
    })
    const exited = new Promise<void>((resolve) => {
      worker.on('exit', () => {
        gone ??= new Error('the maintenance thread has ended')
        for (const { reject } of flushes.values()) reject(gone)
        flushes.clear()
        resolve()
      })
    })
    if (watched !== null) worker.postMessage({ watch: watched })
    running = { worker, exited }
    return running
  }

  return {
    watch: (instanceId) => {
      watched = instanceId
      running?.worker.postMessage({ watch: instanceId })
    },
    flush: () =>
      new Promise((resolve, reject) => {
        if (gone !== undefined) return reject(gone)
        const { worker } = start()
        worker.ref()
        flushCount += 1
        flushes.set(flushCount, { resolve, reject })
        worker.postMessage({ flush: flushCount })
      }),
    close: async () => {
      clearTimeout(later)
      gone ??= new Error('the maintenance thread has ended')
      if (running === null) return
      running.worker.ref()
      running.worker.postMessage({ close: true })
      await running.exited
    },
  }
}
