// /openapi.json leaves out no path of the two servers without a reason, and says of each which methods it takes.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { doors } from '../../src/gateway/doors.ts'
import { createLedgerMetrics } from '../../src/serve/ledger-metrics.ts'
import { dashboardFiles } from '../../src/serve/dashboard.ts'
import { startServe, type ServeProcess } from '../../runtimes/node/serve-process.ts'
import { openServe } from '../analytics/support/open-serve.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { readOpenApi, type OpenApi } from '../support/openapi.ts'

let gateway: TestGateway
let serve: ServeProcess
let document: OpenApi

beforeAll(async () => {
  gateway = await startTestGateway()
  serve = await startServe(gateway.context, { port: 0 })
  document = readOpenApi(await (await fetch(`${serve.url}/openapi.json`)).json())
})
afterAll(async () => {
  await serve.close()
  await gateway.stop()
})

const vendors = 'its shape is a vendor’s, who describes it'
const probe = 'a probe of Claude Code’s, which is told nothing'

/** Paths of the gateway that are not in the document, and why. */
const leftOut: Readonly<Record<string, string>> = {
  '/v1/messages': vendors,
  '/v1/messages/count_tokens': vendors,
  '/v1/chat/completions': vendors,
  '/v1/responses': vendors,
  '/v1/embeddings': vendors,
  '/v1/models': vendors,
  '/v1/models/:id{.+}': vendors,
  '/v1/*': 'what browsers ask before they ask',
  '/': probe,
  '/api/hello': probe,
  '*': 'where there is nothing',
}

/** What a server's source gives its router, which knows no other paths. */
function routed(source: string): readonly string[] {
  const text = readFileSync(new URL(`../../${source}`, import.meta.url), 'utf8')
  const calls = text.matchAll(/\bapp\.(?:get|post|put|patch|delete|options|all|on|use|route|mount)\(([^,]+),/g)
  return [...calls].map(([, path = '']) => path.replaceAll("'", ''))
}

const take = (methods: readonly string[]) =>
  methods.flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : method.toUpperCase()))

describe('every path', () => {
  it('of the gateway is in the document, with its methods, or left out for a reason', async () => {
    const described = document.operations.filter(({ elsewhere }) => elsewhere)
    const paths = new Set([...doors.map(({ path }) => path), ...routed('src/gateway/app.ts')])
    expect([...paths].toSorted()).toEqual([...described.map(({ path }) => path), ...Object.keys(leftOut)].toSorted())
    for (const { path, method } of described) {
      const { headers } = await fetch(gateway.url + path, { method: 'PUT' })
      expect(headers.get('allow')?.split(', '), path).toEqual(expect.arrayContaining(take([method])))
    }
  })

  it('of serve is in the document, with its methods, or a page for browsers', async () => {
    // Of `served`, which the document is made from, and of `pages`.
    expect(routed('src/serve/app.ts')).toEqual(['route.path', '*'])
    const own = document.operations.filter(({ elsewhere }) => !elsewhere)
    for (const path of new Set(own.map((one) => one.path))) {
      const methods = own.filter((one) => one.path === path).map(({ method }) => method)
      const { headers } = await fetch(serve.url + path.replace('{id}', 'x'), { method: 'OPTIONS' })
      expect(headers.get('allow')?.split(', '), path).toEqual([...take(methods), 'OPTIONS'])
    }
    for (const path of [...dashboardFiles.keys(), '/', '/dashboard']) {
      expect(own.map((one) => one.path)).not.toContain(path)
      expect((await fetch(serve.url + path, { redirect: 'manual' })).status, path).toBeLessThan(400)
    }
  })

  it('of a Worker is at one address, its metrics behind the admin token', async () => {
    const { context } = gateway
    const metrics = createLedgerMetrics({ ...context, defer: setImmediate }, '1.2.3')
    const both = await openServe({ serve: { metrics } })
    const { operations, operation } = readOpenApi((await both.get('/openapi.json')).body)
    await both.close()
    expect(operations.filter(({ elsewhere }) => elsewhere)).toEqual([])
    expect(operation('metrics').security).toContainEqual({ admin_token: [] })
    expect(operation('gateway_ready').security).toEqual([])
  })
})
