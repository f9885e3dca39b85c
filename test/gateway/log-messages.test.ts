// log_messages: what was asked and answered is kept for keys that have it on and for no other, without secrets, until it is
// pruned or its person is forgotten.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { forgetUser } from '../../src/store/forget-user.ts'
import { prune } from '../../src/store/prune.ts'
import { readUserData } from '../../src/store/user-data.ts'
import { byTest } from '../support/author.ts'
import { eventually } from '../support/deadline.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

let gateway: TestGateway
beforeEach(async () => {
  gateway = await startTestGateway({ config: { limits: { max_retries: 0 } } })
})
afterEach(() => gateway.stop())

const secret = 'sk-ant-api03-a-secret-of-somebody'
const image = 'iVBORw0KGgo'.repeat(1000)
const content = [
  { type: 'text', text: `What opens ${secret}?` },
  { type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } },
]
const bodyOf = (model: string, stream: boolean) => ({ model, stream, max_tokens: 64, messages: [{ role: 'user', content }] })
const rows = () => gateway.context.storage.db.selectFrom('turn_messages').selectAll().orderBy('turn_id').execute()
const kept = (count: number) =>
  eventually(10_000, `${count} turns' messages`, async () => {
    const found = await rows()
    return found.length === count ? found : undefined
  })

async function ask(token: string, path = '/v1/messages', body: object = bodyOf('claude-haiku-4-5', true)): Promise<string> {
  const response = await gateway.post(path, body, { token })
  expect(response.status).toBe(200)
  return response.text()
}

describe('a key with log_messages', () => {
  it.each([
    ['/v1/messages', 'claude-haiku-4-5', true],
    ['/v1/messages', 'claude-haiku-4-5', false],
    ['/v1/messages', 'gpt-5-mini', true],
  ] as const)('%s to %s, stream %s: keeps the question and the answer, no secret and no image', async (path, model, stream) => {
    const { token } = await gateway.issue({ logMessages: true })
    const got = await ask(token, path, bodyOf(model, stream))
    const [row] = await kept(1)
    const turn = (await gateway.events()).find(({ type }) => type === 'turn.completed')
    expect(row?.turn_id).toBe(turn?.turnId)
    expect(row?.request_text).toContain('What opens [redacted]?')
    expect(row?.request_text).toContain('"data":"[left out]"')
    const parts: readonly { type: string; text: string }[] = JSON.parse(row?.answer_text ?? '')
    const said = parts.filter((part) => part.type === 'text').map((part) => part.text)
    expect(said.join('')).toContain('You said: "What opens [redacted]?"')
    // The client's own words come back to it as they are.
    expect(got).not.toContain('[redacted]')
  })

  it('gets the same bytes as a key without it, of which nothing is kept', async () => {
    const { token } = await gateway.issue({ logMessages: true })
    const withIt = await ask(token)
    await kept(1)
    const without = await ask(gateway.token)
    const bare = (text: string) => text.replaceAll(/mock\d+/g, 'mock')
    expect(bare(withIt)).toBe(bare(without))
    expect(await rows()).toHaveLength(1)
  })

  it('keeps what a client that left had heard', async () => {
    const { token } = await gateway.issue({ logMessages: true })
    const leaving = new AbortController()
    gateway.provider.script({ fault: 'stall-mid' })
    const body = bodyOf('claude-haiku-4-5', true)
    const response = await gateway.post('/v1/messages', body, { token, signal: leaving.signal })
    await response.body?.getReader().read()
    leaving.abort()
    const [row] = await kept(1)
    expect(row?.request_text).toContain('What opens')
  })

  it('has what was kept in its user’s export, and takes it along when the user is forgotten', async () => {
    const { token } = await gateway.issue({ logMessages: true, userId: 'ada' })
    await ask(token)
    await kept(1)
    const { storage, queue, clock, nextId } = gateway.context
    const records = []
    for await (const record of (await readUserData(storage.db, 'ada')) ?? []) records.push(record)
    expect(records.filter(({ kind }) => kind === 'turn_messages')).toMatchObject([
      { request_text: expect.stringContaining('What opens') },
    ])
    await forgetUser({ storage, queue, clock, newId: nextId }, 'ada', byTest)
    expect(await rows()).toEqual([])
  })

  it('loses what was kept to prune, by age', async () => {
    const { token } = await gateway.issue({ logMessages: true })
    await ask(token)
    const [row] = await kept(1)
    const { storage, queue, clock, nextId } = gateway.context
    const parts = { storage, queue, clock, newId: nextId }
    await prune(parts, row?.created_us ?? 0, byTest)
    expect(await rows()).toHaveLength(1)
    await prune(parts, (row?.created_us ?? 0) + 1, byTest)
    expect(await rows()).toEqual([])
  })
})
