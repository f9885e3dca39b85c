// A hub and its laptops in one process: each a ledger of its own, the hub a serve on a socket, and a road between them that can
// be cut.
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openNode, type NodeContext } from '../../runtimes/node/context.ts'
import { createPusher } from '../../runtimes/node/pusher.ts'
import { startServe } from '../../runtimes/node/serve-process.ts'
import type { ConfigFile } from '../../src/config/schema.ts'
import { listOf, objectOf, parseObject, type JsonObject } from './json.ts'
import { databaseFor } from './test-database.ts'
import { turnOf, type TurnShape } from './turns.ts'

export interface Laptop {
  readonly context: NodeContext
  readonly keyId: string
  /** What the hub lets it push with. */
  readonly token: string
}

export interface TestHub {
  readonly folder: string
  /** What METIS_DB is for its programs. */
  readonly db: string
  readonly context: NodeContext
  readonly url: string
  /** With a key called `<name> key` and a token of the hub. */
  laptop(name: string, user: string): Promise<Laptop>
  pusher(laptop: Laptop, url?: string): ReturnType<typeof createPusher>
  /** A proxy to the hub that asks `fate` of each request whether it comes through, and whether its answer does. */
  road(fate: (nth: number) => Fate, to?: () => string): Promise<string>
  close(): Promise<void>
}

export interface Fate {
  readonly forward: boolean
  readonly answer: boolean
}

/** Turns that run at the same time, and are committed together. */
const atOnce = 40

export const by = { actor: 'test', origin: 'test' }

/** `config`: what the hub's config.yaml says. */
export async function openTestHub(config: ConfigFile = {}): Promise<TestHub> {
  const folder = mkdtempSync(join(tmpdir(), 'metis-push-'))
  mkdirSync(join(folder, 'hub'), { mode: 0o700 })
  writeFileSync(join(folder, 'hub', 'config.yaml'), JSON.stringify(config), { mode: 0o600 })
  const db = await databaseFor(join(folder, 'hub', 'metis.db'))
  const context = await openNode({ home: join(folder, 'hub'), db, env: {}, logLevel: 'error' })
  const serve = await startServe(context, { port: 0 })
  const laptops: Laptop[] = []
  const servers: Server[] = []
  return {
    folder,
    db,
    context,
    url: serve.url,
    async laptop(name, user) {
      const own = await openNode({ home: join(folder, name), env: {}, logLevel: 'error' })
      const { keyId } = await own.keys.issue({ name: `${name} key`, userId: user, teamId: 'eng', create: true }, by)
      const { token } = await context.hub.issue(name, by)
      const opened = { context: own, keyId, token }
      laptops.push(opened)
      return opened
    },
    pusher: (laptop, url = serve.url) => createPusher(laptop.context, { url, token: laptop.token }),
    async road(fate, to = () => serve.url) {
      let nth = 0
      const server = createServer(async (request, response) => {
        const { forward, answer } = fate(nth++)
        const body = Buffer.concat(await request.toArray())
        const { authorization = '' } = request.headers
        const headers = { authorization, 'content-type': 'application/json' }
        const ingest = () => fetch(`${to()}/ingest`, { method: 'POST', headers, body }).catch(() => null)
        const got = forward ? await ingest() : null
        if (answer && got !== null) response.writeHead(got.status).end(await got.text())
        else request.socket.destroy()
      }).listen(0, '127.0.0.1')
      servers.push(server)
      await once(server, 'listening')
      const address = server.address()
      return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : ''
    },
    async close() {
      for (const server of servers) server.close().closeAllConnections()
      for (const laptop of laptops) await laptop.context.close()
      await serve.close()
      await context.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Turns of these numbers, as they would be after calls with its key. */
export async function work({ context, keyId }: Laptop, numbers: readonly number[], shape: TurnShape = {}): Promise<void> {
  const turns = numbers.map((number) => turnOf(number, { keyId, costNanoUsd: 1_000_000_007 + number, ...shape }))
  for (let first = 0; first < turns.length; first += atOnce) {
    const some = turns.slice(first, first + atOnce)
    await Promise.all(some.map(({ opened }) => context.traces.openTurn(opened, { mustCommit: false })))
    await Promise.all(some.map(({ closed }) => context.traces.closeTurn(closed)))
  }
}

/** From the beginning of the turns' time. */
const window = 'from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z'

/** By key, or what else analytics splits it by. */
export async function spendOn(url: string, path = 'by_key'): Promise<readonly JsonObject[]> {
  const answer = parseObject(await (await fetch(`${url}/analytics/${path}?${window}`)).text())
  return listOf(answer['data']).map(objectOf)
}

export const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, nth) => from + nth)
