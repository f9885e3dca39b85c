// Bun.serve behind the interface of Node's listener. Bun parses and limits heads itself; it has no limit on how slowly one comes.
import type { Fetch, Listening, ListenOptions } from '../node/listen.ts'

/** What we use of Bun.serve; the types of a project for Node do not know it. */
interface BunServer {
  readonly port: number
  /** Requests whose answers are not complete. */
  readonly pendingRequests: number
  /** Stops accepting; with `true` open connections are closed, too. */
  stop(closeConnections: boolean): Promise<void>
  requestIP(request: Request): { readonly address: string } | null
}
declare const Bun: {
  serve(options: {
    readonly port: number
    readonly hostname: string
    readonly idleTimeout: number
    readonly maxRequestBodySize: number
    readonly development: false
    fetch(request: Request, server: BunServer): Promise<Response>
  }): BunServer
}

const HEADER_LINES = 100
const QUIET_CHECK_MS = 25
/** The core counts bodies itself, and refuses a large one in the client's own words. */
const BODY_BYTES = 2 ** 31

/** Only the server that took a request knows who sent it. */
const serverOf = new WeakMap<Request, BunServer>()

export function peerAddressOf(request: Request): string | null {
  return serverOf.get(request)?.requestIP(request)?.address ?? null
}

export async function listenOnBun(fetch: Fetch, options: ListenOptions): Promise<Listening> {
  const { host = '127.0.0.1' } = options
  const first = serveOn(host, options.port)
  const servers = [first]
  const hosts = [host]
  if (options.host === undefined) {
    try {
      servers.push(serveOn('::1', first.port))
      hosts.push('::1')
    } catch {
      // A machine without IPv6, or somebody else there: 127.0.0.1 answers.
    }
  }
  return {
    port: first.port,
    hosts,
    async close(forceMs) {
      await Promise.all(servers.map((server) => stop(server, forceMs)))
    },
  }

  function serveOn(hostname: string, port: number): BunServer {
    return Bun.serve({
      port,
      hostname,
      // Silence is ended by our own limits; Bun's would cut a model that thinks for ten seconds.
      idleTimeout: 0,
      maxRequestBodySize: BODY_BYTES,
      development: false,
      async fetch(request, server) {
        if (tooManyHeaders(request.headers)) return new Response(null, { status: 431 })
        serverOf.set(request, server)
        return await fetch(request)
      },
    })
  }
}

function tooManyHeaders(headers: Headers): boolean {
  let lines = 0
  headers.forEach(() => {
    lines += 1
  })
  return lines > HEADER_LINES
}

/** An idle kept-alive connection would hold a graceful stop back for as long as its client likes. */
async function stop(server: BunServer, forceMs: number): Promise<void> {
  const endMs = performance.now() + forceMs
  void server.stop(false)
  while (server.pendingRequests > 0 && performance.now() < endMs)
    await new Promise((resolve) => setTimeout(resolve, QUIET_CHECK_MS))
  await server.stop(true)
}
