// How far long work is: for who waits at a terminal, and only once there is something to wait for.
import type { Io } from './io.ts'

const everyMs = 1000

/** `say`: what a count means, such as `3000 calls so far`. */
export function progressOf(io: Io, say: (done: number) => string): (done: number) => void {
  let shownMs = performance.now()
  return (done) => {
    if (!io.interactive || performance.now() - shownMs < everyMs) return
    shownMs = performance.now()
    io.err(say(done))
  }
}
