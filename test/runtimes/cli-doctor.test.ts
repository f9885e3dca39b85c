import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkClock } from '../../runtimes/node/commands/checks/clock.ts'
import { isBelow } from '../../runtimes/node/commands/checks/database.ts'
import type { Finding } from '../../runtimes/node/commands/checks/finding.ts'
import { answersAsMetis } from '../../runtimes/node/commands/checks/ports.ts'
import { checkRunningGateway } from '../../runtimes/node/commands/checks/running-gateway.ts'
import { runCommand } from '../../runtimes/node/commands/run.ts'
import { fakeIo } from '../support/fake-io.ts'

let home: string
const servers: Server[] = []
beforeEach(() => {
  home = join(mkdtempSync(join(tmpdir(), 'metis-cli-')), '.metis')
})
afterEach(() => {
  rmSync(join(home, '..'), { recursive: true, force: true })
  for (const server of servers.splice(0)) server.close()
})

async function doctor(argv: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const io = fakeIo({ env: { METIS_HOME: home, ...env } })
  const code = await runCommand(['doctor', '--json', ...argv], io)
  const report: { ok: boolean; data: Finding[] } = JSON.parse(io.stdout.join(''))
  const of = (check: Finding['check']): Finding[] => report.data.filter((finding) => finding.check === check)
  return { code, report, of }
}

async function issueKey(): Promise<void> {
  await runCommand(['issue-key', '--name', 'a', '--workspace', '.'], fakeIo({ env: { METIS_HOME: home } }))
}

/** A provider that answers every request so; its address. */
/** What it answers: a status, of the key that comes. */
async function provider(status: number | ((key: string) => number), body = '{"data":[]}'): Promise<string> {
  const server = createServer(({ headers }, response) => {
    response.writeHead(typeof status === 'number' ? status : status(headers.authorization ?? '')).end(body)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

describe('doctor on a fresh machine', () => {
  it('warns of what is not there yet, creates nothing', async () => {
    const { report, of } = await doctor()
    expect(of('database')).toMatchObject([{ level: 'ok', message: expect.stringContaining('the first start makes it') }])
    expect(of('providers')).toMatchObject([{ level: 'warning', mend: expect.stringContaining('ANTHROPIC_API_KEY') }])
    expect(report.data.filter(({ level, mend }) => level !== 'ok' && mend === undefined)).toEqual([])
    expect(() => statSync(home)).toThrow('ENOENT')
  })
})

describe('doctor on a database', () => {
  it('names the driver and counts the keys that work', async () => {
    await issueKey()
    const { of } = await doctor()
    expect(of('database')[0]?.message).toMatch(/metis\.db, SQLite \d+\.\d+\.\d+ through (better-sqlite3|node:sqlite)/)
    expect(of('keys')).toMatchObject([{ level: 'ok', message: '1 of 1 keys are active' }])
  })

  it('finds modes that let others read, and mends them with --fix', async () => {
    await issueKey()
    chmodSync(home, 0o755)
    chmodSync(join(home, 'metis.db'), 0o644)
    const found = await doctor()
    expect(found.code).toBe(1)
    expect(found.of('database').filter(({ level }) => level === 'fault')).toHaveLength(2)
    expect((await doctor(['--fix'])).report.ok).toBe(true)
    expect([statSync(home).mode & 0o777, statSync(join(home, 'metis.db')).mode & 0o777]).toEqual([0o700, 0o600])
  })

  it('calls a file that is no database a fault and leaves it as it is', async () => {
    mkdirSync(home, { mode: 0o700 })
    const garbage = 'this is a text file, and a rather long one for a database header, but still a text file'
    writeFileSync(join(home, 'metis.db'), garbage, { mode: 0o600 })
    const { code, of } = await doctor()
    expect(code).toBe(1)
    expect(of('database')).toMatchObject([{ level: 'fault', message: expect.stringContaining('not a metis database') }])
    expect(statSync(join(home, 'metis.db')).size).toBe(garbage.length)
  })
})

describe('doctor on the configuration', () => {
  it('shows each fault with its path', async () => {
    mkdirSync(home, { mode: 0o700 })
    writeFileSync(join(home, 'config.yaml'), 'limitz: {}\ndurability: maybe\n', { mode: 0o600 })
    const { code, of } = await doctor()
    expect(code).toBe(1)
    expect(of('config').map(({ message }) => message)).toEqual([
      expect.stringContaining('durability'),
      expect.stringContaining('limitz: there is no such setting'),
    ])
  })

  it('warns of a key that belongs to another vendor, without showing it', async () => {
    const { report, of } = await doctor([], { ANTHROPIC_API_KEY: 'sk-proj-openai-key', OPENAI_API_KEY: 'sk-fine' })
    expect(of('providers')).toMatchObject([{ level: 'warning' }, { level: 'ok' }])
    expect(JSON.stringify(report)).not.toContain('sk-proj')
  })

  it.each([
    [200, 'ok'],
    [404, 'ok'],
    [401, 'fault'],
    [503, 'warning'],
  ])('probes a provider that answers %i: %s', async (status, level) => {
    mkdirSync(home, { mode: 0o700 })
    const base = await provider(status)
    writeFileSync(join(home, 'config.yaml'), `providers: { box: { wire: openai, base_url: "${base}/v1", api_key: k } }\n`, {
      mode: 0o600,
    })
    const { of } = await doctor(['--probe'])
    expect(of('providers').at(-1)).toMatchObject({ level, message: expect.stringContaining('box') })
  })

  it('looks at every key of a pool, and names the odd ones by their place', async () => {
    mkdirSync(home, { mode: 0o700 })
    const pool = 'api_keys: [sk-ant-good, sk-proj-odd, { key: "sk-ant-with blank", weight: 2 }]'
    writeFileSync(join(home, 'config.yaml'), `providers: { anthropic: { ${pool} } }\n`, { mode: 0o600 })
    const { report, of } = await doctor()
    expect(of('providers')).toMatchObject([
      { level: 'warning', message: expect.stringContaining('key 2 of 3 does not look like') },
      { level: 'warning', message: expect.stringContaining('key 3 of 3 does not look like') },
    ])
    expect(JSON.stringify(report)).not.toMatch(/sk-(ant|proj)/)
  })

  it('knows Google’s way of refusing a key', async () => {
    mkdirSync(home, { mode: 0o700 })
    const base = await provider(400, '[{"error":{"code":400,"details":[{"reason":"API_KEY_INVALID"}]}}]')
    writeFileSync(join(home, 'config.yaml'), `providers: { gemini: { base_url: "${base}/v1", api_key: AIzaMock } }\n`, {
      mode: 0o600,
    })
    const { of } = await doctor(['--probe'])
    expect(of('providers')[1]).toMatchObject({ level: 'fault', message: 'gemini: refuses the key (400)' })
  })

  it('reads the service account in the file that a variable names, and says whose it is', async () => {
    const file = join(home, '..', 'account.json')
    const key = '-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n'
    writeFileSync(file, JSON.stringify({ type: 'service_account', client_email: 'me@acme.example', private_key: key }))
    const env = { GOOGLE_APPLICATION_CREDENTIALS: file, GOOGLE_CLOUD_PROJECT: 'acme' }
    const { report, of } = await doctor([], env)
    expect(of('providers')).toMatchObject([{ level: 'ok', message: expect.stringContaining('service account me@acme.example') }])
    expect(JSON.stringify(report)).not.toContain('PRIVATE')
    const { of: without } = await doctor([], { ...env, GOOGLE_APPLICATION_CREDENTIALS: `${file}.gone` })
    expect(without('config')).toMatchObject([
      { level: 'ok' },
      { level: 'warning', message: expect.stringContaining('what GOOGLE_APPLICATION_CREDENTIALS names is no service account') },
    ])
  })

  it.each([
    [{ AZURE_OPENAI_API_KEY: 'k' }, 'azure-openai', 'AZURE_OPENAI_ENDPOINT or AZURE_OPENAI_RESOURCE_NAME'],
    [{ AWS_BEARER_TOKEN_BEDROCK: 'k' }, 'bedrock', 'AWS_REGION'],
  ])('names what is missing beside %j', async (env, provider, variable) => {
    expect((await doctor([], env)).of('config')).toMatchObject([
      { level: 'ok' },
      { level: 'warning', message: expect.stringContaining(`${provider} is left out`), mend: expect.stringContaining(variable) },
    ])
  })

  it('has nothing to say of half of it that is there for other programs', async () => {
    const env = { AWS_REGION: 'us-east-1', GOOGLE_CLOUD_PROJECT: 'acme', AZURE_OPENAI_ENDPOINT: 'https://a.openai.azure.com' }
    for (const half of [env, { GOOGLE_APPLICATION_CREDENTIALS: '/srv/account.json' }])
      expect((await doctor([], half)).of('config')).toMatchObject([{ level: 'ok' }])
  })

  it('probes with every key of a pool', async () => {
    mkdirSync(home, { mode: 0o700 })
    const base = await provider((key) => (key === 'Bearer bad' ? 401 : 200))
    const row = `{ wire: openai, base_url: "${base}/v1", api_keys: [fine, bad, well] }`
    writeFileSync(join(home, 'config.yaml'), `providers: { box: ${row} }\n`, { mode: 0o600 })
    const { code, of } = await doctor(['--probe'])
    expect(code).toBe(1)
    expect(of('providers')).toMatchObject([
      { level: 'ok', message: expect.stringContaining('has 3 keys') },
      { level: 'ok', message: 'box: answered 200 to key 1 of 3' },
      { level: 'fault', message: 'box: refuses key 2 of 3 (401)' },
      { level: 'ok', message: 'box: answered 200 to key 3 of 3' },
    ])
  })

  it('says which address cannot be reached', async () => {
    mkdirSync(home, { mode: 0o700 })
    const base = await provider(200)
    servers.pop()?.close()
    writeFileSync(join(home, 'config.yaml'), `providers: { box: { wire: anthropic, base_url: "${base}" } }\n`, { mode: 0o600 })
    const { code, of } = await doctor(['--probe'])
    expect(code).toBe(1)
    expect(of('providers').at(-1)).toMatchObject({ level: 'fault', message: `box: cannot be reached at ${base}` })
  })
})

describe('single checks', () => {
  it.each([
    ['3.51.2', true],
    ['3.51.3', false],
    ['3.50.9', true],
    ['3.52.0', false],
    ['4.0.0', false],
  ])('SQLite %s is below the floor: %s', (version, below) => {
    expect(isBelow(version)).toBe(below)
  })

  it('tells a clock that is behind the trace, or before 2024', () => {
    const now = Date.UTC(2026, 10, 23)
    expect(checkClock(now, null).level).toBe('ok')
    expect(checkClock(now, (now + 60_000) * 1000).level).toBe('ok')
    expect(checkClock(now, (now + 600_000) * 1000).level).toBe('warning')
    expect(checkClock(0, null).level).toBe('warning')
  })

  it('repeats whom a running gateway passes over, and why it takes no work', async () => {
    const unavailable = [
      { provider: 'anthropic', model: null, reason: 'refused' },
      { provider: 'openai', model: 'openai:gpt-5', reason: 'failed' },
    ]
    const said = { status: 'not_ready', reason: 'store_unavailable', unavailable }
    expect(await checkRunningGateway(await provider(503, JSON.stringify(said)))).toMatchObject([
      { level: 'warning', message: 'the running gateway takes no work: store_unavailable' },
      { level: 'warning', message: 'the running gateway passes over anthropic: refused' },
      { level: 'warning', message: 'the running gateway passes over openai:gpt-5: failed' },
    ])
    expect(await checkRunningGateway(await provider(200, '{"status":"ready","unavailable":[]}'))).toEqual([])
    expect(await checkRunningGateway(await provider(200))).toEqual([])
    expect(await checkRunningGateway('http://127.0.0.1:1')).toEqual([])
  })

  it('does not take another program for ours', async () => {
    expect(await answersAsMetis(await provider(200))).toBe(false)
    expect(await answersAsMetis('http://127.0.0.1:1')).toBe(false)
  })
})
