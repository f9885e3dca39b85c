// The store goes away under a running gateway: another process holds its lock, its disk is full, it is read-only. The program
// as users run it, with real processes and real limits.
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { openSqlite } from '../../runtimes/node/sqlite.ts'
import { eventually, within } from '../support/deadline.ts'
import { startTestGateway } from '../support/gateway.ts'
import { hasOpenTurns, holdLock, turnsOnRecord } from '../support/ledger.ts'
import { startMockProvider, type MockProvider } from '../support/mock-provider.ts'
import { runProgram, startProgram, temporaryHome, type Program } from '../support/program.ts'

const secret = 'what only the model may read'

let home = ''
let provider: MockProvider
let program: Program
let url = ''
let token = ''
beforeEach(async () => {
  home = temporaryHome()
  provider = await startMockProvider()
  const mock = { wire: 'anthropic', base_url: provider.url, api_key: 'sk-ant-mock-provider-key' }
  writeFileSync(join(home, 'config.yaml'), stringify({ providers: { anthropic: mock } }), { mode: 0o600 })
  token = await issueKey()
  await start()
})
afterEach(async () => {
  await kill()
  await provider.stop()
  rmSync(home, { recursive: true, force: true })
})

describe('another process holds the lock', () => {
  it('for as long as it likes: answers and streams come to their ends, and every turn is on record afterwards', async () => {
    const lock = holdLock(database())
    const asked: Answer[] = []
    const client = async (stream: boolean): Promise<void> => {
      for (let nth = 0; nth < 20 || (await readyReason()) === null; nth += 1) asked.push(await ask({ stream }))
    }
    const traffic = Promise.all([true, true, true, false, false, false].map(client))
    await eventually(10_000, '/readyz to say why', async () => (await readyReason()) === 'store_unavailable')
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    await within(15_000, 'the traffic, the lock being held', traffic)
    lock.release()
    await backOnRecord()
    expect(asked.filter((answer) => answer.status !== 200)).toEqual([])
    expect(asked.every((answer) => answer.trace === 'deferred')).toBe(true)
    expect(turnsOnRecord(database())).toEqual(new Map(asked.map((answer) => [answer.turnId, 'ok'])))
    expect((await ask({ stream: true })).trace).toBeNull()
    await eventually(10_000, 'the last line', () => linesOf(program).includes(back))
    expect(linesOf(program)).toEqual(['the store refuses writes; turns wait beside it', 'the store takes writes again', back])
  })

  it('and the gateway is killed meanwhile: the next start loses nothing and doubles nothing', async () => {
    const capped = await issueKey('--daily-cap-usd', '5')
    const lock = holdLock(database())
    const answered = await Promise.all(Array.from({ length: 20 }, (_, number) => ask({ stream: number % 2 === 0 })))
    const refused = await post({ stream: false }, capped)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await refused.text()).toContain('store_unavailable')
    provider.script({ fault: 'stall-mid' })
    const cut = await post({ stream: true })
    const [spool = ''] = spools()
    expect(statSync(join(home, spool)).mode & 0o777).toBe(0o600)
    const text = readFileSync(join(home, spool), 'utf8')
    for (const hidden of [secret, token, 'sk-ant-mock-provider-key']) expect(text).not.toContain(hidden)
    await kill()
    await expect(cut.text()).rejects.toThrow()
    lock.release()
    await start()
    await backOnRecord()
    const expected = new Map(answered.map((answer) => [answer.turnId, 'ok']))
    expected.set(cut.headers.get('x-metis-turn-id') ?? '', 'interrupted')
    expect(turnsOnRecord(database())).toEqual(expected)
  })

  it('and the gateway is stopped meanwhile: it ends, and its next start has what the spool could take', async () => {
    const lock = holdLock(database())
    const answer = await ask({ stream: true })
    program.signal('SIGTERM')
    expect(await within(15_000, 'the end', program.ended)).toBe(0)
    lock.release()
    await start()
    await backOnRecord()
    expect(turnsOnRecord(database())).toEqual(new Map([[answer.turnId, 'ok']]))
  })
})

// Files that may not grow: what a full disk is to a program, for one process and without a disk of its own.
describe.runIf(process.platform === 'linux')('the disk is full for database and spool', () => {
  it('answers go on from memory, and every turn is on record when there is room again', async () => {
    const before = await ask({ stream: true })
    limitFiles('0')
    const asked = await Promise.all(Array.from({ length: 30 }, (_, number) => ask({ stream: number % 2 === 0 })))
    expect(asked.map((answer) => [answer.status, answer.trace])).toEqual(asked.map(() => [200, 'deferred']))
    expect(await readyReason()).toBe('store_unavailable')
    limitFiles('unlimited')
    await backOnRecord()
    expect(turnsOnRecord(database())).toEqual(new Map([before, ...asked].map((answer) => [answer.turnId, 'ok'])))
    await eventually(10_000, 'the last line', () => linesOf(program).includes(back))
    expect(linesOf(program)).toEqual([
      'the store refuses writes; turns wait beside it',
      'the spool cannot be written; turns wait in memory',
      'the store takes writes again',
      back,
    ])
  })

  it('and only keys with a cap ask: it is found again all the same', async () => {
    const capped = await issueKey('--daily-cap-usd', '5')
    limitFiles('0')
    expect((await post({ stream: false }, capped)).status).toBe(503)
    await eventually(10_000, '/readyz to say why', async () => (await readyReason()) === 'store_unavailable')
    limitFiles('unlimited')
    await eventually(10_000, '/readyz to be well', async () => (await readyReason()) === null)
    expect((await post({ stream: false }, capped)).status).toBe(200)
  })
})

describe('the database is read-only', () => {
  it('answers go on, and every turn is on record when it can be written again', async () => {
    const gateway = await startTestGateway()
    const { storage, dbPath } = gateway.context
    const { commit } = storage
    const readonly = await openSqlite(dbPath, { readonly: true })
    const reason = async () => (await fetch(`${gateway.url}/readyz`)).status
    Object.assign(storage, { commit: readonly.commit })
    const body = { model: 'anthropic:claude-haiku-4-5', max_tokens: 9, messages: [{ role: 'user', content: secret }] }
    const answers = await Promise.all(Array.from({ length: 5 }, () => gateway.post('/v1/messages', body)))
    expect(answers.map((answer) => [answer.status, answer.headers.get('x-metis-trace')])).toEqual(
      answers.map(() => [200, 'deferred']),
    )
    expect(await reason()).toBe(503)
    Object.assign(storage, { commit })
    await eventually(10_000, '/readyz to be well', async () => (await reason()) === 200)
    await eventually(10_000, 'all turns', async () => {
      const ended = (await gateway.events()).filter((event) => event.type === 'turn.completed')
      return ended.length === 5 && ended.every((event) => event.payload['status'] === 'ok')
    })
    await readonly.close()
    await gateway.stop()
  })
})

const back = 'the store is back: what waited beside it is on record'

async function start(): Promise<void> {
  program = startProgram(['start', '--port', '0', '--no-serve', '--log-format', 'json'], { home, env: { METIS_HOME: home } })
  ;[, url = ''] = await program.printed(/gateway is on (\S+)/)
}

async function kill(): Promise<void> {
  program.signal('SIGKILL')
  await within(10_000, 'the end of the gateway', program.ended)
}

async function issueKey(...flags: readonly string[]): Promise<string> {
  const argv = ['issue-key', '--name', 'test', '--workspace', '.', '--json', ...flags]
  const issued = await runProgram(argv, { home, env: { METIS_HOME: home } })
  const { token }: { token: string } = JSON.parse(issued.stdout)
  return token
}

/** The largest file that the gateway may write, in bytes. */
function limitFiles(bytes: string): void {
  execFileSync('prlimit', ['--pid', String(program.pid), `--fsize=${bytes}:`])
}

interface Answer {
  readonly status: number
  readonly turnId: string
  readonly trace: string | null
}

const post = (options: { readonly stream: boolean }, key = token): Promise<Response> =>
  fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key },
    body: JSON.stringify({
      model: 'anthropic:claude-haiku-4-5',
      max_tokens: 99,
      stream: options.stream,
      messages: [{ role: 'user', content: secret }],
    }),
  })

async function ask(options: { readonly stream: boolean }): Promise<Answer> {
  const response = await post(options)
  await response.arrayBuffer()
  const { status, headers } = response
  return { status, turnId: headers.get('x-metis-turn-id') ?? '', trace: headers.get('x-metis-trace') }
}

async function readyReason(): Promise<unknown> {
  const response = await fetch(`${url}/readyz`)
  const body: { reason?: unknown } = JSON.parse(await response.text())
  return response.status === 200 ? null : body.reason
}

const database = (): string => join(home, 'metis.db')

const spools = (): readonly string[] => readdirSync(home).filter((name) => name.startsWith('spool-'))

async function backOnRecord(): Promise<void> {
  await eventually(10_000, '/readyz to be well and the spool to be gone', async () => {
    return (await readyReason()) === null && spools().length === 0 && !hasOpenTurns(database())
  })
}

/** What the gateway said of its store, in order. */
function linesOf({ stderr }: Program): readonly string[] {
  const messages = stderr()
    .split('\n')
    .flatMap((line) => /"(?:message|msg)":"([^"]*)"/.exec(line)?.[1] ?? [])
  return messages.filter((message) => /\b(?:store|spool)\b/.test(message))
}
