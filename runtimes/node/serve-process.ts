// Serve as a process: analytics, sessions and the dashboard on the same database, in a process of their own, so that no query ever
// delays an answer.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { keepSettled } from '../../src/analytics/settle.ts'
import { webRespond } from '../../src/gateway/web-ports.ts'
import { createServe, type ServeOptions } from '../../src/serve/app.ts'
import { createSessionHandlers } from '../../src/serve/sessions.ts'
import { giveFeedback } from '../../src/store/patterns.ts'
import { isLoopback } from './commands/listening.ts'
import type { NodeContext } from './context.ts'
import { loadPorts } from './load-ports.ts'
import { openSessions } from './sessions.ts'
import { startPushing } from './pusher.ts'
import { version } from './version.ts'

const SESSION_SECRET_BYTES = 32
const CLOSE_WITHIN_MS = 2000

export interface ServeProcess {
  readonly url: string
  close(): Promise<void>
}

/** @throws ConfigError when an admin token is needed and missing */
export async function startServe(
  context: NodeContext,
  options: { readonly port: number; readonly host?: string; readonly adminToken?: string },
): Promise<ServeProcess> {
  const { config, storage, clock, hash, logger, models, prices, nextId, keys, identities, queue } = context
  const agent = await openSessions(context)
  const { listen, readBody, onClientGone, peerAddress } = await loadPorts()
  const services = {
    config,
    storage,
    clock,
    hash,
    logger,
    readBody,
    onClientGone,
    respond: webRespond,
    ...(peerAddress === undefined ? {} : { peerAddress }),
  }
  const serveOptions: ServeOptions = {
    version,
    startedUs: clock.nowUs(),
    models,
    prices,
    sessions: createSessionHandlers({
      services,
      ...agent,
      identities,
      names: agent.routing,
      nextId,
      giveFeedback: (turnId, rating) => giveFeedback(context, turnId, rating),
    }),
    keys,
    identities,
    queue,
    newId: nextId,
    hub: context.hub,
    loopback: options.host === undefined || isLoopback(options.host),
    ...(options.adminToken === undefined
      ? {}
      : { admin: { token: options.adminToken, sessionSecret: sessionSecret(context.home) } }),
  }
  const serve = createServe(services, serveOptions)
  const stopping = new AbortController()
  const settling = keepSettled({ storage, clock, logger, newId: nextId }, stopping.signal)
  const listening = await listen((request) => serve.fetch(request), options)
  const pushing = config.hub === null ? null : startPushing(context, config.hub)
  const host = listening.hosts[0] ?? '127.0.0.1'
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${listening.port}`,
    async close() {
      await pushing?.stop()
      // Sessions keep what came so far, and go on with the next start.
      await agent.engine.interruptAll()
      stopping.abort()
      await listening.close(CLOSE_WITHIN_MS)
      await settling
      await agent.close()
    },
  }
}

/** Made once, so that a restart does not sign everybody out. */
function sessionSecret(home: string): Uint8Array {
  const path = join(home, 'session.key')
  try {
    const secret = readFileSync(path)
    if (secret.byteLength >= SESSION_SECRET_BYTES) return secret
  } catch {
    // The first start: there is none yet.
  }
  const secret = randomBytes(SESSION_SECRET_BYTES)
  writeFileSync(path, secret, { mode: 0o600 })
  chmodSync(path, 0o600)
  return secret
}
