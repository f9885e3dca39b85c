// The gateway and serve as one Cloudflare Worker on D1: what wrangler.toml names as `main`.
import { waitUntil } from 'cloudflare:workers'
import { ConfigError } from '../../src/config/errors.ts'
import { errorAnswer } from '../../src/serve/answers.ts'
import { StoreError } from '../../src/store/store-error.ts'
import type { Env } from './environment.ts'
import { openIsolate, type Isolate } from './isolate.ts'

let isolate: Isolate | null = null

async function isolateOf(env: Env): Promise<Isolate> {
  return (isolate ??= await openIsolate(env, waitUntil))
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    try {
      return await (await isolateOf(env)).fetch(request)
    } catch (error) {
      return refusal(error)
    }
  },
  async scheduled(_event: unknown, env: Env): Promise<void> {
    await (await isolateOf(env)).scheduled()
  },
}

/** What is wrong is for whoever runs the gateway, in its log; the world is told that there is something. */
function refusal(error: unknown): Response {
  console.error(JSON.stringify({ level: 'error', message: 'the gateway cannot start', error: String(error) }))
  if (error instanceof ConfigError || error instanceof StoreError)
    return errorAnswer(503, 'misconfigured', 'The gateway is not configured as it must be; its log says what is wrong.')
  return errorAnswer(503, 'store_unavailable', 'The gateway cannot reach its database; its log says why.', { 'retry-after': '5' })
}
