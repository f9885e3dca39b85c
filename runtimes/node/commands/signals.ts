// When a server stops: asked once it finishes what it has begun, asked twice it ends at once.
import { constants } from 'node:os'
import process from 'node:process'

const stopping = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Resolves at the first signal, or when the process that started this one over IPC is gone, however it went. */
export function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    for (const signal of stopping) {
      process.on(signal, () => {
        if (asked) process.exit(128 + constants.signals[signal])
        asked = true
        resolve()
      })
    }
    if (process.send !== undefined) process.once('disconnect', resolve)
  })
}
