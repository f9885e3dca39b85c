// The dashboard in a browser, in front of serve on a real database and a real socket. What a page must never do is watched
// all the time: errors on the console, requests to anybody else.
import { rmSync } from 'node:fs'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { openNode, type NodeContext } from '../../../runtimes/node/context.ts'
import { planTraffic } from '../../../runtimes/node/demo-traffic-plan.ts'
import { completionOf, endOf, identityOf, routeOf } from '../../../runtimes/node/demo-traffic-payloads.ts'
import { writeSampleTraffic } from '../../../runtimes/node/demo-traffic.ts'
import { listen } from '../../../runtimes/node/listen.ts'
import { nodeReadBody } from '../../../runtimes/node/read-body.ts'
import { startServe } from '../../../runtimes/node/serve-process.ts'
import { openServe, type OpenServe } from '../../analytics/support/open-serve.ts'
import { temporaryHome } from '../../support/program.ts'
import { launchBrowser } from './browser.ts'

export interface Dashboard {
  readonly url: string
  /** A page in a context of its own. */
  open(query: string, options?: BrowserContextOptions): Promise<Page>
  /** What any page did that it must not do. */
  readonly misdeeds: readonly string[]
  close(): Promise<void>
}

export interface OpenDashboard extends Dashboard {
  readonly serve: OpenServe
  /** Its port is closed, and later open again, as when serve is started anew. */
  stopListening(): Promise<void>
  listenAgain(): Promise<void>
}

export interface SampleDashboard extends Dashboard {
  /** A turn that runs until what this gives is called. */
  beginTurn(): Promise<() => Promise<void>>
}

/** Nothing on record yet; the page's clock stands with serve's. */
export async function openDashboard(options?: Parameters<typeof openServe>[0]): Promise<OpenDashboard> {
  const serve = await openServe({ ...options, readBody: nodeReadBody })
  const listenAt = (port: number) => listen((request) => serve.handle(request), { port })
  let listening = await listenAt(0)
  const { port } = listening
  const stopListening = () => listening.close(1000)
  const listenAgain = async () => {
    listening = await listenAt(port)
  }
  const close = async () => {
    await stopListening()
    await serve.close()
  }
  const browsing = await browse(`http://127.0.0.1:${port}`, close, serve.clock.nowUs() / 1000)
  return { serve, stopListening, listenAgain, ...browsing }
}

/** With the demo's thirty days on record, and one turn that is still running. */
export async function openSampleDashboard(): Promise<SampleDashboard> {
  const home = temporaryHome()
  const context = await openNode({ home, env: {}, demo: 'only', logLevel: 'error' })
  await writeSampleTraffic(context)
  const beginTurn = () => openTurn(context)
  await beginTurn()
  const serve = await startServe(context, { port: 0 })
  const close = async () => {
    await serve.close()
    await context.close()
    rmSync(home, { recursive: true, force: true })
  }
  return { beginTurn, ...(await browse(serve.url, close, null)) }
}

/** The plan's first turn, now; what is given ends it well. */
async function openTurn(context: NodeContext): Promise<() => Promise<void>> {
  const [first] = planTraffic(Date.now(), 1)
  if (first === undefined) throw new Error('the plan is empty')
  const planned = { ...first, outcome: 'ok', fault: null } as const
  const identity = identityOf(planned, new Map())
  const { nextId, clock, prices } = context
  const turnId = nextId()
  const head = (parentEventId: string | null) =>
    ({ id: nextId(), timestampUs: clock.nowUs(), sessionId: 'running', turnId, parentEventId }) as const
  const route = { ...head(null), type: 'route.decided', payload: routeOf(planned, identity) } as const
  await context.traces.openTurn(
    {
      turnId,
      route,
      provider: planned.provider,
      model: `${planned.provider}:${planned.model}`,
      requestedModel: planned.requestedModel,
      stream: true,
      startedUs: route.timestampUs,
      estimatedInputTokens: 100,
      pricingVersion: prices.version,
    },
    { mustCommit: false },
  )
  return async () => {
    const payload = completionOf(planned, identity, 1e6, prices.version)
    const call = { ...head(route.id), type: 'llm.call_completed', payload } as const
    const turn = { ...head(route.id), type: 'turn.completed', payload: { ...identity, ...endOf(planned, 1e6) } } as const
    await context.traces.closeTurn({ turnId, call, costNanoUsd: 1e6, turn })
  }
}

/** Every tile has its first answer. */
export async function settled(page: Page): Promise<void> {
  await page.locator('#app > main, #sign-in').first().waitFor()
  await page.locator('.skeleton, [aria-busy=true]').first().waitFor({ state: 'hidden' })
}

async function browse(url: string, closeServe: () => Promise<void>, fixedMs: number | null): Promise<Dashboard> {
  const browser = await launchBrowser()
  const misdeeds: string[] = []
  return {
    url,
    misdeeds,
    async open(query, options = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, timezoneId: 'UTC', ...options })
      const page = await context.newPage()
      page.setDefaultTimeout(10_000)
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') misdeeds.push(`console: ${message.text()}`)
      })
      page.on('pageerror', (error) => misdeeds.push(`error: ${error.message}`))
      page.on('request', (request) => {
        if (!request.url().startsWith(url) && !request.url().startsWith('blob:')) misdeeds.push(`request: ${request.url()}`)
      })
      if (fixedMs !== null) await page.clock.setFixedTime(fixedMs)
      await page.goto(`${url}/dashboard/${query}`)
      await settled(page)
      return page
    },
    async close() {
      await browser.close()
      await closeServe()
    },
  }
}
