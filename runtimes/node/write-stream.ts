// An answer's stream onto a socket: one write a buffer, back-pressure, keep-alives between frames, and the client's leaving.
import type { ServerResponse } from 'node:http'
import { createFrameTracker } from '../../src/lib/sse.ts'
import type { AnswerStream } from '../../src/services.ts'

/** Resolves when the answer is out, or the client is gone and everything behind it has stopped. */
export async function writeStream(outgoing: ServerResponse, stream: AnswerStream): Promise<void> {
  const iterator = stream.chunks[Symbol.asyncIterator]()
  let wroteSinceTick = false
  const frames = createFrameTracker()
  let drained: (() => void) | null = null
  const release = () => {
    drained?.()
    drained = null
  }
  const onClose = () => {
    if (outgoing.writableFinished) return
    stream.cancel()
    release()
  }
  outgoing.once('close', onClose)
  outgoing.on('drain', release)
  const keepAlive = setInterval(() => {
    if (!wroteSinceTick && frames.between && !outgoing.writableNeedDrain) outgoing.write(stream.keepAlive)
    wroteSinceTick = false
  }, stream.keepAliveMs)
  keepAlive.unref()
  try {
    for (;;) {
      const next = await iterator.next()
      if (next.done === true || outgoing.destroyed) break
      const bytes = next.value
      if (bytes.byteLength === 0) continue
      wroteSinceTick = true
      frames.add(bytes)
      if (!outgoing.write(bytes)) {
        await new Promise<void>((resolve) => {
          drained = resolve
          if (outgoing.destroyed) release()
        })
      }
    }
    outgoing.end()
  } catch {
    // An encoder renders its own failures; what still gets here must not look like a clean end.
    outgoing.destroy()
  } finally {
    clearInterval(keepAlive)
    outgoing.off('drain', release)
    if (outgoing.destroyed && !outgoing.writableFinished) stream.cancel()
    await iterator.return?.()
  }
}
