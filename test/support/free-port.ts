// For programs that cannot say which port they were given, or that must have the same one again: below those that systems give to
// whoever asks for any, so that nobody takes it meanwhile.
import { once } from 'node:events'
import { createServer } from 'node:net'

const lowest = 20_000
const highest = 29_999
/** Whoever was given one may not listen at it yet. */
const given = new Set<number>()

export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1))
    if (given.has(port)) continue
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    given.add(port)
    return port
  }
}
