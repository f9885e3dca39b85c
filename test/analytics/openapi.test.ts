// The document at /openapi.json is true: every endpoint is in it, and real answers are what it says they are, with nothing
// beside it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { startServe, type ServeProcess } from '../../runtimes/node/serve-process.ts'
import { endpoints } from '../../src/analytics/index.ts'
import { userOperations } from '../../src/serve/user-operations.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { listOf, objectOf, type JsonObject } from '../support/json.ts'

let gateway: TestGateway
let serve: ServeProcess
let paths: JsonObject
let turnId = ''

const ask = (model: string, token?: string) =>
  gateway.post(
    '/v1/messages',
    { model, max_tokens: 9, messages: [{ role: 'user', content: 'Say hello.' }] },
    token === undefined ? {} : { token },
  )

beforeAll(async () => {
  gateway = await startTestGateway()
  serve = await startServe(gateway.context, { port: 0 })
  await gateway.issue({ name: 'capped', userId: 'ada', teamId: 'eng', dailyCapNanoUsd: 5e9 })
  const answer = await ask('claude-haiku-4-5')
  turnId = answer.headers.get('x-metis-turn-id') ?? ''
  await answer.text()
  await (await ask('nobody:nothing')).text()
  gateway.provider.script({ status: 400 })
  await (await ask('claude-haiku-4-5')).text()
  const response = await fetch(`${serve.url}/openapi.json`)
  const document = objectOf(await response.json())
  expect(document.openapi).toBe('3.1.0')
  paths = Object.fromEntries(Object.entries(objectOf(document.paths)).filter(([path]) => path.startsWith('/analytics/')))
})
afterAll(async () => {
  await serve.close()
  await gateway.stop()
})

const asked: readonly (readonly [path: string, query: string])[] = [
  ...['none', 'model', 'session', 'tag:env', 'day', 'hour&stack_by=model', 'model&limit=1', 'user&compare=previous'].map(
    (split) => ['/analytics/cost', `?group_by=${split}`] as const,
  ),
  ['/analytics/by_key', ''],
  ['/analytics/by_team', ''],
  ['/analytics/by_user', '?window=all'],
  ['/analytics/cache_effectiveness', ''],
  ['/analytics/savings', '?baseline=openai:gpt-4o-mini'],
  ['/analytics/what_if', '?on=openai:gpt-4o-mini'],
  ['/analytics/routing', ''],
  ['/analytics/reliability', ''],
  ['/analytics/sessions', ''],
  ['/analytics/turns', '?limit=1'],
  ['/analytics/turns/{id}', ''],
  ['/analytics/inflight', ''],
]

describe('/openapi.json', () => {
  it('names every endpoint with its parameters', () => {
    const users = Object.values(userOperations).map(({ path }) => path)
    expect(Object.keys(paths)).toEqual([...endpoints.map(({ path }) => path), ...users])
    expect([...new Set(asked.map(([path]) => path)), ...users].toSorted()).toEqual(Object.keys(paths).toSorted())
    for (const { path, query } of endpoints) {
      const parameters = listOf(objectOf(objectOf(paths[path]).get).parameters).map(objectOf)
      const inQuery = parameters.filter((parameter) => parameter.in === 'query')
      expect(inQuery.map(({ name }) => name)).toEqual(Object.keys(query.shape))
    }
    const baseline = listOf(objectOf(objectOf(paths['/analytics/savings']).get).parameters)
      .map(objectOf)
      .at(-1)
    expect(baseline).toMatchObject({ name: 'baseline', required: true, schema: { type: 'string' } })
  })

  it.each(asked)('says what %s%s answers, all of it', async (path, query) => {
    const schema = schemaOf(path, 'get', 'application/json')
    const response = await fetch(serve.url + path.replace('{id}', turnId) + query)
    const answer: unknown = await response.json()
    expect(response.status, JSON.stringify(answer)).toBe(200)
    const parsed = schema.safeParse(answer)
    expect(parsed.error?.issues ?? []).toEqual([])
  })

  it('says what each line of an export is, and what forgetting answers, the first time and again', async () => {
    const { token } = await gateway.issue({ name: 'of ada', userId: 'ada' })
    await (await ask('claude-haiku-4-5', token)).text()
    const line = schemaOf('/analytics/user/{id}/export', 'get', 'application/x-ndjson')
    const exported = await fetch(`${serve.url}/analytics/user/ada/export`)
    expect(exported.headers.get('content-type')).toContain('application/x-ndjson')
    const lines = (await exported.text()).split('\n').filter((text) => text !== '')
    expect(new Set(lines.map((text) => objectOf(line.parse(JSON.parse(text))).kind))).toEqual(
      new Set(['user', 'key', 'call', 'event']),
    )
    expect(line.safeParse({ kind: 'secret' }).success).toBe(false)

    const answered = schemaOf('/analytics/user/{id}/forget', 'post', 'application/json')
    const headers = { 'content-type': 'application/json' }
    for (const forgotten of [true, false]) {
      const response = await fetch(`${serve.url}/analytics/user/ada/forget`, { method: 'POST', headers, body: '{}' })
      expect(response.status).toBe(200)
      expect(answered.parse(await response.json())).toMatchObject({ forgotten })
    }
    const gone = await fetch(`${serve.url}/analytics/user/eve/export`)
    expect([gone.status, objectOf(objectOf(objectOf(paths['/analytics/user/{id}/export']).get).responses)['404']]).toEqual([404, expect.anything()]) // prettier-ignore
  })
})

function schemaOf(path: string, method: 'get' | 'post', type: string): z.ZodType {
  const operation = objectOf(objectOf(paths[path])[method])
  const fine = objectOf(objectOf(objectOf(operation.responses)['200']).content)
  return z.fromJSONSchema(z.record(z.string(), z.json()).parse(objectOf(fine[type]).schema))
}
