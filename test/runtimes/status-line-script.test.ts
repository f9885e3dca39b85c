// dist/statusline.sh in each shell there is here, in front of a gateway that runs, that does not, and that is somebody else's.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs' // prettier-ignore
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { within } from '../support/deadline.ts'
import { freePort } from '../support/free-port.ts'
import { openProgramHome, type ProgramGateway, type ProgramHome } from '../support/program-gateway.ts'
import { runtimeBinary } from '../support/runtime.ts'
import { onFile } from '../support/test-database.ts'

const script = fileURLToPath(new URL('../../dist/statusline.sh', import.meta.url))
const onPath = (name: string): string | undefined =>
  (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name)).find((path) => existsSync(path)) // prettier-ignore

const shells = [
  { name: 'dash', program: 'dash', argv: [] },
  { name: 'bash', program: 'bash', argv: [] },
  { name: 'bash as sh', program: 'bash', argv: ['--posix'] },
  { name: 'busybox', program: 'busybox', argv: ['sh'] },
  { name: 'zsh as sh', program: 'zsh', argv: ['--emulate', 'sh'] },
]

let at: ProgramHome
let gateway: ProgramGateway
let deadUrl: string
/** A home of its own for each test, beside that of the gateway. */
let home: string

beforeAll(async () => {
  at = await openProgramHome()
  gateway = await at.start()
  deadUrl = `http://127.0.0.1:${await freePort()}`
  const answer = await fetch(`${gateway.url}/v1/messages`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${at.token}`,
      'content-type': 'application/json',
      'x-claude-code-session-id': 'session-1',
      'user-agent': 'claude-cli/2.1.197',
      'x-metis-project': 'webshop',
      'x-metis-branch': 'feat/checkout',
    },
    body: '{"model":"claude-haiku-4-5","max_tokens":64,"messages":[{"role":"user","content":"Hello"}]}',
  })
  await answer.arrayBuffer()
})
afterAll(() => at.remove())
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'metis-line-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

interface Run {
  readonly shell?: (typeof shells)[number]
  readonly url?: string
  readonly token?: string
  readonly session?: string
  readonly folder?: string
  readonly env?: Readonly<Record<string, string>>
}

const [dash = { name: '', program: '', argv: [] }] = shells

async function run({ shell = dash, url = gateway.url, token = at.token, session = 'session-1', folder = home, env = {} }: Run) {
  const argv = [...shell.argv, script, '--node', runtimeBinary]
  const variables = { PATH: process.env['PATH'] ?? '', HOME: home, METIS_HOME: home, METIS_DB: at.db, NO_COLOR: '1' }
  const through = { ANTHROPIC_BASE_URL: url, ANTHROPIC_AUTH_TOKEN: token }
  const child = spawn(onPath(shell.program) ?? shell.program, argv, { cwd: home, env: { ...variables, ...through, ...env } })
  child.stdin.end(JSON.stringify({ session_id: session, workspace: { current_dir: folder }, cost: { total_cost_usd: 0.42 } }))
  const said = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  const [stdout, stderr] = await within(15_000, 'the end of the script', said)
  expect([stderr, child.exitCode]).toEqual(['', 0])
  return stdout
}

function workTree(name: string, head: string): string {
  const folder = join(home, name, 'src', 'deep')
  mkdirSync(folder, { recursive: true })
  mkdirSync(join(home, name, '.git'))
  writeFileSync(join(home, name, '.git', 'HEAD'), head)
  return folder
}

const keptFolder = () => join(home, 'statusline')
const keptFiles = () => (existsSync(keptFolder()) ? readdirSync(keptFolder()) : [])
const everywhere = /^session \$(0\.\d+) · today \$\1 · feat\/checkout \$\1 · cache \d+%/
const fromFile = onFile ? /^session \$0\.\d+ · today/ : /^session ~\$0\.42 · metis: see the dashboard \(Postgres\)$/m

describe.each(shells)('the script in $name', (shell) => {
  const here = onPath(shell.program) !== undefined
  it.skipIf(!here)(
    `shows the gateway's line, and its last one when it is gone${here ? '' : ' (skipped: not on this machine)'}`,
    async () => {
      const folder = workTree('webshop', 'ref: refs/heads/feat/checkout\n')
      const line = await run({ shell, folder })
      expect(line).toMatch(everywhere)
      expect(keptFiles()).toEqual(['session-1'])
      const down = await run({ shell, folder, url: deadUrl })
      expect(down).toBe(`${line.trimEnd()} · no answer from the gateway\n`)
      const dimmed = await run({ shell, folder, url: deadUrl, env: { NO_COLOR: '' } })
      expect(dimmed).toBe(`\u{1b}[2m${down.trimEnd()}\u{1b}[22m\n`)
    },
  )
})

describe('the script', () => {
  it('keeps the line where only its user reads it, and the key nowhere: not on a command line either', async () => {
    const bin = join(home, 'bin')
    mkdirSync(bin)
    const said = join(home, 'arguments')
    writeFileSync(join(bin, 'curl'), `#!/bin/sh\nprintf '%s\\n' "$*" >>'${said}'\nexec '${onPath('curl') ?? ''}' "$@"\n`, {
      mode: 0o755,
    })
    const path = `${bin}:${process.env['PATH'] ?? ''}`
    expect(await run({ env: { PATH: path } })).toMatch(/^session \$/)
    expect(readFileSync(said, 'utf8')).toContain('/dev/fd/3')
    expect(readFileSync(said, 'utf8')).not.toContain('gw_')
    expect(statSync(keptFolder()).mode & 0o777).toBe(0o700)
    expect(statSync(join(keptFolder(), 'session-1')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(keptFolder(), 'session-1'), 'utf8')).not.toContain('gw_')
  })

  it('takes the key from the header beside a login, and sends no key that is not the gateway’s', async () => {
    const env = { ANTHROPIC_CUSTOM_HEADERS: `x-team: a\nx-metis-key: ${at.token}` }
    expect(await run({ token: '', env })).toMatch(/^session \$/)
    const capitals = { ANTHROPIC_CUSTOM_HEADERS: `X-Metis-Key: ${at.token}` }
    expect(await run({ token: '', env: capitals })).toMatch(/^session \$/)
    const asked: string[] = []
    const foreign = createServer((request, answer) => {
      asked.push(request.url ?? '')
      answer.end()
    })
    await once(foreign.listen(0, '127.0.0.1'), 'listening')
    const address = foreign.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    for (const token of ['sk-ant-api03-of-somebody', 'eyJhbGciOiJub25lIn0.e30.x'])
      expect(await run({ url, token })).toMatch(fromFile)
    // A proxy would see whom it asks.
    for (const host of ['api.anthropic.com', 'API.Anthropic.com:80/'])
      expect(await run({ url: `http://${host}`, env: { http_proxy: url } })).toMatch(fromFile)
    // And nobody between here and here gets the key.
    expect(await run({ env: { http_proxy: url, all_proxy: url } })).toMatch(/^session \$/)
    expect(asked).toEqual([])
    foreign.close()
  })

  it('reads the ledger itself while the gateway is down and nothing of today is kept', async () => {
    expect(await run({ url: deadUrl })).toMatch(fromFile)
    await run({})
    const file = join(keptFolder(), 'session-1')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^\S+/, '2026-01-01').replace('session', 'session of old'))
    expect(await run({ url: deadUrl })).toMatch(fromFile)
    expect(await run({ url: deadUrl, session: 'another' })).toMatch(/^session ~\$0\.42/)
  })

  it('reads the ledger itself without curl, and without a gateway to ask', async () => {
    const bin = join(home, 'bin')
    mkdirSync(bin)
    for (const name of ['cat', 'date', 'mkdir', 'mv', 'find']) symlinkSync(onPath(name) ?? '', join(bin, name))
    expect(await run({ env: { PATH: bin } })).toMatch(fromFile)
    expect(await run({ url: '' })).toMatch(fromFile)
    expect(await run({ url: 'http://127.0.0.1:1/"\nurl = "http://127.0.0.1:2' })).toMatch(fromFile)
    expect(keptFiles()).toEqual([])
  })

  it('says that a key is refused, in one plain line', async () => {
    await run({})
    const refused = await run({ token: 'gw_nobody' })
    expect(refused).toBe('session – · metis: the gateway refuses this key, see metis-gateway list-keys\n')
  })

  it.each([
    ['a page', 200, 'text/html', 'session <html>'],
    ['another text', 200, 'text/plain', 'hello'],
    ['nothing there', 404, 'application/json', '{}'],
    ['somewhere else', 302, 'text/plain', 'session'],
    ['what a terminal would do', 200, 'text/plain', 'session \u{1b}]0;evil\u{7} $1'],
    ['colours, and more', 200, 'text/plain', 'session \u{1b}[31m$1\u{1b}[39m\u{1b}[2J'],
    ['a line without end', 200, 'text/plain', `session ${'x'.repeat(3000)}`],
  ])('believes no server that is not the gateway: %s', async (_, status, type, body) => {
    const server = createServer((request, answer) => {
      request.resume()
      answer.writeHead(status, { 'content-type': type, location: gateway.url }).end(body)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    expect(await run({ url })).toMatch(fromFile)
    expect(keptFiles()).toEqual([])
    server.close()
  })

  it.each([
    '../../evil',
    '..',
    '-rf',
    '/etc/evil',
    'a b',
    '$(touch evil)',
    '`touch evil`',
    'é',
    'a\u{0}b',
    'a"b',
    'x'.repeat(65),
    '',
  ])('makes no file of a session that is called %j', async (session) => {
    expect(await run({ session })).toMatch(/^session ~\$0\.42 · today/)
    expect(readdirSync(home)).toEqual([])
  })

  it('finds branch and repository from a linked work tree', async () => {
    workTree('webshop', 'ref: refs/heads/main\n')
    const git = join(home, 'webshop', '.git', 'worktrees', 'other')
    mkdirSync(git, { recursive: true })
    writeFileSync(join(git, 'HEAD'), 'ref: refs/heads/feat/checkout\n')
    writeFileSync(join(git, 'commondir'), '../..\n')
    mkdirSync(join(home, 'other', 'src'), { recursive: true })
    writeFileSync(join(home, 'other', '.git'), `gitdir: ${git}\n`)
    expect(await run({ folder: join(home, 'other', 'src') })).toMatch(everywhere)
  })

  it.each([
    ['a commit', '0123456789abcdef\n', /· cache/],
    ['a quote that would end a header', 'ref: refs/heads/x"\n', /today \$\S+ · cache/],
    ['a control character', 'ref: refs/heads/x\u{1b}[31m\n', /today \$\S+ · cache/],
    ['other letters', 'ref: refs/heads/größe\n', /· größe · cache/],
  ])('makes do with a HEAD that is %s', async (_, head, expected) => {
    expect(await run({ folder: workTree('webshop', head) })).toMatch(expected)
  })

  it('clears away lines of last week when a session begins', async () => {
    mkdirSync(keptFolder(), { mode: 0o700 })
    const old = join(keptFolder(), 'old')
    writeFileSync(old, '')
    utimesSync(old, 1, 1)
    await run({})
    expect(keptFiles()).toEqual(['session-1'])
  })

  it('clears away nothing below its folder, and writes through no link', async () => {
    mkdirSync(join(keptFolder(), 'of-others'), { recursive: true })
    const old = join(keptFolder(), 'of-others', 'old')
    writeFileSync(old, 'theirs')
    utimesSync(old, 1, 1)
    symlinkSync(old, join(keptFolder(), 'session-1'))
    await run({})
    await run({})
    expect(readFileSync(old, 'utf8')).toBe('theirs')
  })

  it('does not wait for a HEAD that is a pipe', async () => {
    const folder = workTree('webshop', '')
    rmSync(join(home, 'webshop', '.git', 'HEAD'))
    execFileSync('mkfifo', [join(home, 'webshop', '.git', 'HEAD')])
    expect(await run({ folder })).toMatch(/today \$\S+ · cache/)
  })

  it('shows no key in a trace', async () => {
    const env = { SHELLOPTS: 'xtrace' }
    const child = spawn('bash', ['--posix', script], { env: { PATH: process.env['PATH'], HOME: home, ANTHROPIC_BASE_URL: deadUrl, ANTHROPIC_AUTH_TOKEN: at.token, ...env } }) // prettier-ignore
    child.stdin.end('{}')
    const [stderr] = await within(15_000, 'the end of the script', Promise.all([text(child.stderr), once(child, 'close')]))
    expect(stderr).toContain('set +x')
    expect(stderr).not.toContain('gw_')
  })

  it('agrees with what the gateway says to others', async () => {
    const answer = await fetch(`${gateway.url}/statusline`, {
      method: 'POST',
      headers: { 'x-api-key': at.token, 'content-type': 'application/json' },
      body: '{"session_id":"session-1"}',
    })
    expect(await run({})).toBe(await answer.text())
  })
})
