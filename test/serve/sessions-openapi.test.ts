// What /openapi.json says of sessions is true: real answers are what it says they are, with nothing beside it, and real bodies
// are what it says they may be.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import type { Operation } from '../../src/serve/openapi.ts'
import { sessionOperations } from '../../src/serve/session-operations.ts'
import { startTestAgent, type TestAgent } from '../support/agent.ts'
import { listOf, objectOf, textOf, type JsonObject } from '../support/json.ts'

const operations = Object.values<Operation>(sessionOperations)

let agent: TestAgent
let paths: JsonObject
let errorSchema: unknown
/** What stands in each path's braces. */
const ids = { session: '', unheard: '', turn: '' }

beforeAll(async () => {
  agent = await startTestAgent()
  const document = await agent.json('GET', '/openapi.json')
  paths = objectOf(document['paths'])
  errorSchema = objectOf(objectOf(document['components'])['schemas'])['Error']
  const make = async () => textOf((await agent.json('POST', '/sessions', { tags: { lane: 'test' } }, 201))['id'])
  ids.session = await make()
  ids.unheard = await make()
  ids.turn = textOf((await agent.json('POST', `/sessions/${ids.session}/turns`, { message: 'hello' }))['id'])
})
afterAll(() => agent.stop())

interface Asked {
  readonly id: string
  readonly body?: object
  readonly query?: string
  readonly of?: keyof typeof ids
  readonly status: number
}

const asked: readonly Asked[] = [
  {
    id: 'create_session',
    body: { title: 'one', workspace: '/srv/shop', active_model: 'haiku', system: 'Be brief.' },
    status: 201,
  },
  { id: 'create_session', body: {}, status: 201 },
  { id: 'create_session', body: { user: 'nobody' }, status: 400 },
  { id: 'list_sessions', query: '?limit=1', status: 200 },
  { id: 'list_sessions', status: 200 },
  { id: 'list_sessions', query: '?limit=0', status: 400 },
  { id: 'session', status: 200 },
  { id: 'session', of: 'turn', status: 404 },
  { id: 'change_session', body: { title: null, active_model: 'haiku' }, status: 200 },
  { id: 'ask_session', body: { message: 'again', max_output_tokens: 20 }, status: 200 },
  { id: 'ask_session', body: { message: 'again', model: 'nobody:nothing' }, status: 404 },
  { id: 'session_messages', status: 200 },
  { id: 'session_messages', query: '?after=1&limit=1', status: 200 },
  { id: 'session_events', status: 200 },
  { id: 'cancel_turn', body: {}, status: 409 },
  { id: 'turn_feedback', of: 'turn', body: { rating: 'good' }, status: 200 },
  { id: 'turn_feedback', of: 'session', body: { rating: 0.5 }, status: 404 },
  { id: 'delete_session', of: 'unheard', query: '?purge=true', status: 204 },
  { id: 'delete_session', of: 'unheard', status: 404 },
]

const described = (id: string) => {
  const operation = operations.find((one) => one.id === id)
  if (operation === undefined) throw new Error(`no operation ${id}`)
  return { ...operation, document: objectOf(objectOf(paths[operation.path])[operation.method]) }
}
const schemaIn = (content: unknown): z.ZodType => {
  const { schema } = objectOf(objectOf(content)['application/json'])
  const isError = objectOf(schema)['$ref'] === '#/components/schemas/Error'
  return z.fromJSONSchema(z.record(z.string(), z.json()).parse(isError ? errorSchema : schema))
}

describe('/openapi.json', () => {
  it('names every operation of sessions, and this file asks each of them', () => {
    expect([...new Set(asked.map(({ id }) => id))].toSorted()).toEqual(operations.map(({ id }) => id).toSorted())
    for (const { id, path, method } of operations) expect(objectOf(objectOf(paths[path])[method])['operationId'], path).toBe(id)
  })

  it.each(asked)(
    'says what $id answers with $status, all of it: $body $query',
    async ({ id, body, query = '', of = 'session', status }) => {
      const { path, method, document } = described(id)
      const response = await agent.call(method.toUpperCase(), path.replace('{id}', ids[of]) + query, body)
      const text = await response.text()
      expect(response.status, text).toBe(status)
      const answer = objectOf(objectOf(document['responses'])[String(status)])
      if (status === 204) return expect([text, answer['content']]).toEqual(['', undefined])
      const parsed = schemaIn(answer['content']).safeParse(JSON.parse(text))
      expect(parsed.error?.issues ?? []).toEqual([])
    },
  )

  it.each([
    ['create_session', {}, true],
    ['create_session', { tags: { lane: 'x' }, title: 'one' }, true],
    ['create_session', { titel: 'one' }, false],
    ['change_session', { active_model: null }, true],
    ['change_session', { user: 'ada' }, false],
    ['ask_session', { message: 'x', stream: true }, true],
    ['ask_session', { message: '' }, false],
    ['turn_feedback', { rating: 'bad' }, true],
    ['turn_feedback', { rating: 2 }, false],
  ])('says what %s takes: %o is valid = %s', (id, body, valid) => {
    expect(schemaIn(objectOf(described(id).document['requestBody'])['content']).safeParse(body).success).toBe(valid)
  })

  it('names the parameters of lists', () => {
    const names = (id: string) => listOf(described(id).document['parameters']).map((parameter) => objectOf(parameter)['name'])
    expect(names('list_sessions')).toEqual(['limit', 'before'])
    expect(names('session_messages')).toEqual(['id', 'limit', 'after'])
  })
})
