// Project and branch of Claude Code's calls without any header: from its session's own log, which is never waited for.
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createSessionWork } from '../../runtimes/node/session-work.ts'
import { eventually } from '../support/deadline.ts'
import { startRunningGateway, type RunningGateway } from '../support/running-gateway.ts'

const session = '0f8fad5b-d9cb-469f-a165-70867728950e'
const lineOf = (entry: object): string => `${JSON.stringify(entry)}\n`
const user = (cwd: string, gitBranch: string) =>
  lineOf({ type: 'user', cwd, gitBranch, sessionId: session, message: { content: 'a secret question' } })

describe('what a session works on', () => {
  let folder: string
  let nowMs: number
  beforeEach(() => {
    nowMs = 0
    folder = mkdtempSync(join(tmpdir(), 'metis-sessions-'))
    mkdirSync(join(folder, 'projects/-home-ada-shop'), { recursive: true })
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const log = () => join(folder, 'projects/-home-ada-shop', `${session}.jsonl`)
  const workOf = () => createSessionWork([join(folder, 'nowhere'), join(folder, 'projects')], () => nowMs)

  it('is the directory and the branch of the last line of its log that has them', async () => {
    writeFileSync(
      log(),
      user('/gone/old', 'main') + user('/gone/shop', 'feat/checkout') + lineOf({ type: 'summary' }) + '{"cwd": "/cu',
    )
    expect(await workOf()(session)).toEqual({ project: 'shop', branch: 'feat/checkout' })
  })

  it('is named by its repository where the directory is in one', async () => {
    mkdirSync(join(folder, 'shop/.git'), { recursive: true })
    mkdirSync(join(folder, 'shop/src'))
    writeFileSync(log(), user(join(folder, 'shop/src'), 'HEAD'))
    expect(await workOf()(session)).toEqual({ project: 'shop', branch: null })
  })

  it('is found behind lines longer than what is read of the log', async () => {
    writeFileSync(log(), lineOf({ content: 'x'.repeat(2_000_000) }) + user('/gone/shop', 'main'))
    expect(await workOf()(session)).toEqual({ project: 'shop', branch: 'main' })
  })

  it('is known at once after the first time, and follows a change of branch', async () => {
    writeFileSync(log(), user('/gone/shop', 'main'))
    const asked = workOf()
    await asked(session)
    expect(asked(session)).toEqual({ project: 'shop', branch: 'main' })
    appendFileSync(log(), user('/gone/shop', 'next'))
    nowMs = 6000
    expect(asked(session)).toEqual({ project: 'shop', branch: 'main' })
    await eventually(10_000, 'the other branch', () => {
      const work = asked(session)
      return work !== null && 'branch' in work && work.branch === 'next' ? true : undefined
    })
  })

  it('is nothing before its log is there, and is looked for again', async () => {
    const asked = workOf()
    expect(await asked(session)).toBeNull()
    writeFileSync(log(), user('/gone/shop', 'main'))
    expect(asked(session)).toBeNull()
    nowMs = 6000
    expect(await asked(session)).toEqual({ project: 'shop', branch: 'main' })
  })

  it.each(['../../etc/passwd', `../-home-ada-shop/${session}`, '', 'x', session.toUpperCase(), `${session}/..`])(
    'is not looked for under the name %j',
    (id) => {
      writeFileSync(log(), user('/gone/shop', 'main'))
      expect(workOf()(id)).toBeNull()
    },
  )
})

describe('a gateway on the same machine', () => {
  let gateway: RunningGateway
  beforeAll(async () => {
    gateway = await startRunningGateway()
    mkdirSync(join(gateway.home, '.claude/projects/-w-shop'), { recursive: true })
    writeFileSync(join(gateway.home, '.claude/projects/-w-shop', `${session}.jsonl`), user('/w/shop', 'feat/checkout'))
  })
  afterAll(() => gateway.stop())

  const ask = async (headers: Record<string, string>) => {
    const response = await fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': gateway.token, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'haiku', max_tokens: 64, messages: [{ role: 'user', content: 'ping' }] }),
    })
    expect(response.status).toBe(200)
    await response.text()
  }
  const split = async (by: string) => {
    const answer = await fetch(`${gateway.serveUrl}/analytics/cost?window=24h&group_by=${by}`)
    const rows: readonly Record<string, unknown>[] = JSON.parse(await answer.text()).data
    return Object.fromEntries(rows.map((row) => [row[by], row['call_count']]))
  }

  it('puts Claude Code’s calls on record by project and branch; what a client says itself comes first', async () => {
    const claude = { 'user-agent': 'claude-cli/2.1.330 (external, cli)', 'x-claude-code-session-id': session }
    // The very first answer may be over before the log was found.
    await eventually(10_000, 'a call of the project', async () => {
      await ask(claude)
      return (await split('project'))['shop'] === undefined ? undefined : true
    })
    const { shop, null: unknown = 0 } = await split('project')
    await ask(claude)
    await ask({ ...claude, 'x-metis-project': 'said' })
    await ask({ 'x-claude-code-session-id': session, 'user-agent': 'curl/8' })
    expect(await split('project')).toEqual({ shop: Number(shop) + 1, said: 1, null: Number(unknown) + 1 })
    expect((await split('branch'))['feat/checkout']).toBe(Number(shop) + 1)
    expect((await gateway.run('metis-gateway', ['doctor', 'ledger'])).code).toBe(0)
    expect((await gateway.run('metis-gateway', ['export'])).stdout).not.toContain('secret question')
  })
})
