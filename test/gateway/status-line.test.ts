// POST /statusline: Claude Code's session in, one line out, of the key's owner alone, whatever the database.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { byTest } from '../support/author.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

let gateway: TestGateway
let ada: { readonly token: string }
let price: string

const told = (session: string) => ({ session_id: session, cost: { total_cost_usd: 0.42 } })
const work = { 'x-metis-project': 'webshop', 'x-metis-branch': 'main' }

async function lineOf(token: string, session: string, headers: Record<string, string> = {}): Promise<string> {
  const answer = await gateway.post('/statusline', told(session), { token, headers: { ...work, ...headers } })
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8'])
  expect(answer.headers.get('metis-api-version')).toBe('1.0')
  return answer.text()
}

async function turn(token: string, session: string, headers: Record<string, string> = {}): Promise<Response> {
  const body = { model: 'claude-haiku-4-5', max_tokens: 64, messages: [{ role: 'user', content: 'Say hello in one word.' }] }
  const claude = { 'x-claude-code-session-id': session, 'user-agent': 'claude-cli/2.1.197', ...work, ...headers }
  const answer = await gateway.post('/v1/messages', body, { token, headers: claude })
  await answer.arrayBuffer()
  return answer
}

beforeAll(async () => {
  gateway = await startTestGateway()
  ada = await gateway.issue({ userId: 'ada' })
  const answer = await turn(ada.token, 'of-ada')
  price = answer.headers.get('x-metis-cost-usd') ?? ''
})
afterAll(() => gateway.stop())

/** Of `turns` such turns, as the line prints money: three digits below ten cents. */
const usd = (turns: number): string => `$${Number((Number(price) * turns).toPrecision(3)).toString()}`
const plain = (line: string): string => line.replace(/(\$0\.\d*?[1-9])0+\b/g, '$1').trim()

describe('the status line of the gateway', () => {
  it('says what session, day and branch cost this user, whichever of the keys it was', async () => {
    const other = await gateway.issue({ userId: 'ada' })
    await turn(other.token, 'of-ada-too')
    for (const { token } of [ada, other])
      expect(plain(await lineOf(token, 'of-ada'))).toBe(`session ${usd(1)} · today ${usd(2)} · main ${usd(2)} · cache 0%`)
  })

  it('tells nobody what others spend: not of their session, not of their day, not of their branch', async () => {
    const bob = await gateway.issue({ userId: 'bob' })
    expect(await lineOf(bob.token, 'of-ada')).toBe('session ~$0.42 · today $0.00 · main\n')
    const nobody = await gateway.issue()
    expect(await lineOf(nobody.token, 'of-ada')).toBe('session ~$0.42 · today $0.00 · main\n')
  })

  it('counts a key of no user with the keys whose place it took', async () => {
    const first = await gateway.issue()
    await turn(first.token, 'of-a-key')
    const second = await gateway.context.keys.rotate(first.keyId, 60_000, byTest)
    await turn(second?.token ?? '', 'of-a-key')
    for (const token of [first.token, second?.token ?? ''])
      expect(plain(await lineOf(token, 'of-a-key'))).toBe(`session ${usd(2)} · today ${usd(2)} · main ${usd(2)} · cache 0%`)
  })

  it('leaves out the branch of somebody with so many keys that summing it would hold up answers', async () => {
    const first = await gateway.issue({ userId: 'many' })
    await turn(first.token, 'of-many')
    expect(plain(await lineOf(first.token, 'of-many'))).toContain(`today ${usd(1)} · main ${usd(1)}`)
    for (let more = 0; more < 24; more++) await gateway.issue({ userId: 'many' })
    expect(plain(await lineOf(first.token, 'of-many'))).toContain(`today ${usd(1)} · main · cache`)
  })

  it('says what is left of the tightest cap, in colour where it is nearly used up, unless none is wanted', async () => {
    const capped = await gateway.issue({ userId: 'cara', dailyCapNanoUsd: 5_000_000_000, monthlyCapNanoUsd: 90_000_000_000 })
    expect(await lineOf(capped.token, 'x')).toContain(' · $5.00 left today')
    const none = await gateway.issue({ dailyCapNanoUsd: 0 })
    expect(await lineOf(none.token, 'x')).toContain('\u{1b}[31m$0.00 left today\u{1b}[39m')
    expect(await lineOf(none.token, 'x', { 'x-metis-no-color': '1' })).toContain(' · $0.00 left today')
  })

  it('reads a name that a shell sends as UTF-8', async () => {
    const bytes = Buffer.from('fix/größe').toString('latin1')
    expect(await lineOf(ada.token, 'x', { 'x-metis-branch': bytes })).toContain(' · fix/größe')
  })

  it('knows the day of zones of half an hour, and takes UTC where it is told none that there is', async () => {
    for (const offset of ['+0530', '-0930', '+2500', 'CET'])
      expect(await lineOf(ada.token, 'x', { 'x-metis-utc-offset': offset })).toMatch(/today \$\d/)
  })

  it.each([
    ['no key', '{}', { token: null }, 401],
    ['a key that is none', '{}', { token: 'gw_nobody' }, 401],
    ['no JSON', '{"session_id":', {}, 400],
    ['nothing', '', {}, 400],
    ['more than a session', `"${'x'.repeat(65_536)}"`, {}, 413],
    ['a form', '{}', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415],
    ['another page', '{}', { headers: { origin: 'https://evil.example' } }, 403],
  ] as const)('refuses %s', async (_, body, init, status) => {
    const answer = await gateway.post('/statusline', body, init)
    expect(answer.status, await answer.text()).toBe(status)
  })

  it.each(['null', '[]', '7', '{"session_id":7,"cost":[]}', '{"session_id":"a\\u0000b"}'])('makes do with %s', async (body) => {
    const answer = await gateway.post('/statusline', body, { token: ada.token })
    expect(await answer.text()).toMatch(/^session – · today \$/)
  })

  it('is asked with POST, in a version that is served', async () => {
    const got = await fetch(`${gateway.url}/statusline`)
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
    const old = await gateway.post('/statusline', {}, { headers: { 'metis-api-version': '0.9' } })
    expect(old.status).toBe(410)
  })

  it('sends nothing upstream and puts nothing on record', async () => {
    const before = (await gateway.events()).length
    await lineOf(ada.token, 'of-ada')
    expect(await gateway.events()).toHaveLength(before)
  })
})
