// on and off: a client's settings pointed at the gateway and put back byte for byte, whatever breaks off or happens in between.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commandHome, type CommandHome } from '../support/command-home.ts'

let at: CommandHome
beforeEach(() => {
  at = commandHome()
})
afterEach(() => at.remove())

const files = { 'claude-code': '.claude/settings.json', codex: '.codex/config.toml' } as const
type Client = keyof typeof files
const clients: readonly Client[] = ['claude-code', 'codex']
const pathOf = (client: Client) => at.path(files[client])
const textOf = (client: Client) => readFileSync(pathOf(client), 'utf8')

function write(client: Client, text: string | Uint8Array, mode = 0o644): void {
  mkdirSync(dirname(pathOf(client)), { recursive: true })
  writeFileSync(pathOf(client), text, { mode })
}

const states = async () => {
  const keys = JSON.parse((await at.run('list-keys', '--json')).stdout).data
  return keys.map(({ name, state }: { name: string; state: string }) => `${name} ${state}`)
}

const originals: readonly (readonly [what: string, client: Client, text: string | null])[] = [
  ['no file', 'claude-code', null],
  ['an empty file', 'claude-code', ''],
  ['an empty object', 'claude-code', '{}'],
  ['odd blanks, no line end', 'claude-code', '{ "model":"opus",\n\n   "permissions": {"allow": ["Bash(ls:*)"]} }'],
  ['tabs and variables of its own', 'claude-code', '{\n\t"env": {\n\t\t"A": "1",\n\t\t"ANTHROPIC_API_KEY": "sk-ant-x"\n\t}\n}\n'],
  ['a helper that brings a key', 'claude-code', '{\r\n  "apiKeyHelper": "~/key.sh",\r\n  "env": {}\r\n}\r\n'],
  ['no file', 'codex', null],
  ['an empty file', 'codex', ''],
  ['comments and no line end', 'codex', '# mine\nmodel = "o5"\n\n[tui]\ntheme = "dark" # end'],
  ['a provider of its own', 'codex', 'model_provider = "corp"\n[model_providers.corp]\nbase_url = "https://x"\n'],
  ['texts of several lines', 'codex', 'notes = """\n[no table]\nmodel_provider = "no"\n"""\n  model_provider="corp"\r\n[a]\r\n'],
]

describe.each(originals)('settings that are %s', (_, client, text) => {
  beforeEach(() => {
    if (text !== null) write(client, text)
  })
  const expectOriginal = () => {
    if (text === null) expect(existsSync(dirname(pathOf(client)))).toBe(false)
    else {
      expect(textOf(client)).toBe(text)
      expect(statSync(pathOf(client)).mode & 0o777).toBe(0o644)
    }
  }

  it(`of ${client} are put back byte for byte, and the key of it is revoked`, async () => {
    const { code, stderr } = await at.run('on', client)
    expect([code, stderr]).toEqual([0, 'no gateway answers at http://127.0.0.1:8422 yet: metis-gateway starts one'])
    expect(textOf(client)).toMatch(/gw_\w+/)
    expect(statSync(pathOf(client)).mode & 0o777).toBe(0o600)
    expect(await states()).toEqual([`${client} active`])
    expect(await at.run('off', client)).toMatchObject({ code: 0, stderr: '' })
    expectOriginal()
    expect(await states()).toEqual([`${client} revoked`])
    expect((await at.run('off', client)).stdout).toContain('was not on')
    expect(readdirSync(join(at.home, 'clients'))).toEqual([])
  })

  it(`of ${client} are put back after on was run again and again`, async () => {
    await at.run('on', client)
    await at.run('on', client, '--url', 'http://127.0.0.1:9000')
    expect(textOf(client)).toContain('http://127.0.0.1:9000')
    await at.run('off')
    expectOriginal()
    expect(await states()).toEqual([`${client} revoked`, `${client} revoked`])
  })

  it(`of ${client} are as they were when on was killed before it wrote them`, async () => {
    await at.run('on', client)
    if (text === null) rmSync(pathOf(client))
    else write(client, text)
    expect((await at.run('off', client)).stderr).toBe('')
    if (text === null) expect(existsSync(pathOf(client))).toBe(false)
    else expect(textOf(client)).toBe(text)
    expect(await states()).toEqual([`${client} revoked`])
  })

  it(`of ${client} are put back when off was killed before it forgot them`, async () => {
    await at.run('on', client)
    const note = join(at.home, 'clients', `${client}.json`)
    const kept = readFileSync(note)
    await at.run('off', client)
    writeFileSync(note, kept)
    expect((await at.run('off', client)).code).toBe(0)
    expectOriginal()
  })
})

describe('the key that on issued', () => {
  it('is revoked by a second off when the first could not reach the database', async () => {
    await at.run('on', 'codex')
    const broken = at.path('broken.db')
    writeFileSync(broken, 'no database, whatever it is called, and longer than the header of one'.repeat(20))
    expect((await at.run('off', 'codex', '--db', broken)).code).toBe(1)
    expect(existsSync(pathOf('codex'))).toBe(false)
    expect(await states()).toEqual(['codex active'])
    expect(await at.run('off', 'codex')).toMatchObject({ code: 0, stderr: '' })
    expect(await states()).toEqual(['codex revoked'])
    expect((await at.run('off', 'codex')).stdout).toContain('was not on')
  })

  it('is named when another database than that of on knows nothing of it', async () => {
    await at.run('on', 'codex', '--db', at.path('other.db'))
    expect((await at.run('off', 'codex')).stderr).toMatch(/^there is no key gk_\w+ in this database/)
  })
})

describe('what on writes', () => {
  /** Run from source there is no program beside it; the homes of tests are not the usual one. */
  const ourLine = {
    type: 'command',
    command: expect.stringMatching(/^metis-gateway statusline --db \/.+\/metis\.db$/),
    padding: 0,
  }

  it('leads Claude Code to the gateway and keeps every other key out of it', async () => {
    write('claude-code', '{"apiKeyHelper": "x", "env": {"ANTHROPIC_API_KEY": "sk-ant-1", "B": "2"}, "model": "opus"}')
    await at.run('on', 'claude-code')
    expect(JSON.parse(textOf('claude-code'))).toEqual({
      model: 'opus',
      env: {
        ANTHROPIC_API_KEY: '',
        B: '2',
        ANTHROPIC_BASE_URL: 'http://127.0.0.1:8422',
        ANTHROPIC_AUTH_TOKEN: expect.stringMatching(/^gw_/),
      },
      statusLine: ourLine,
    })
  })

  it('leaves Claude Code a status line of its own, and says so', async () => {
    const original = '{"statusLine": {"type": "command", "command": "~/.claude/statusline.sh"}}'
    write('claude-code', original)
    const { stdout } = await at.run('on', 'claude-code')
    expect(stdout).toContain('its own status line stays; metis-gateway statusline --setting prints ours')
    const settings = JSON.parse(textOf('claude-code'))
    expect(settings.statusLine).toEqual({ type: 'command', command: '~/.claude/statusline.sh' })
    write('claude-code', JSON.stringify({ ...settings, model: 'opus' }))
    await at.run('off', 'claude-code')
    expect(JSON.parse(textOf('claude-code'))).toEqual({ ...JSON.parse(original), model: 'opus' })
  })

  it('leaves Claude Code its own login with --subscription, puts the token in a header, and takes nothing but it out again', async () => {
    const original = '{"env": {"ANTHROPIC_CUSTOM_HEADERS": "x-team: a", "ANTHROPIC_AUTH_TOKEN": "mine"}}'
    write('claude-code', original)
    await at.run('on', 'claude-code', '--subscription')
    const { env } = JSON.parse(textOf('claude-code'))
    expect(env).toEqual({
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:8422',
      ANTHROPIC_AUTH_TOKEN: '',
      ANTHROPIC_API_KEY: '',
      ANTHROPIC_CUSTOM_HEADERS: expect.stringMatching(/^x-team: a\nx-metis-key: gw_\w{58}$/),
    })
    const headers = `${env.ANTHROPIC_CUSTOM_HEADERS}\nx-more: b`
    write('claude-code', JSON.stringify({ env: { ...env, ANTHROPIC_CUSTOM_HEADERS: headers } }))
    await at.run('off', 'claude-code')
    expect(JSON.parse(textOf('claude-code'))).toEqual({
      env: { ANTHROPIC_CUSTOM_HEADERS: 'x-team: a\nx-more: b', ANTHROPIC_AUTH_TOKEN: 'mine' },
    })
    write('claude-code', original)
    await at.run('on', 'claude-code', '--subscription')
    await at.run('off')
    expect(textOf('claude-code')).toBe(original)
    expect((await at.run('on', 'codex', '--subscription')).code).toBe(2)
  })

  it('makes the gateway Codex’ provider, with its own choice waiting', async () => {
    write('codex', 'model_provider = "corp"\nmodel = "o5"\n[tui]\n')
    await at.run('on', 'codex', '--token', 'gw_given', '--url', 'https://gw.example.com/')
    expect(textOf('codex').split('\n')).toEqual([
      '# >>> metis-gateway on (metis-gateway off takes this out)',
      'model_provider = "metis"',
      '# <<< metis-gateway',
      '# metis-gateway keeps: model_provider = "corp"',
      'model = "o5"',
      '[tui]',
      '# >>> metis-gateway on (metis-gateway off takes this out)',
      '[model_providers.metis]',
      'name = "Metis gateway"',
      'base_url = "https://gw.example.com/v1"',
      'experimental_bearer_token = "gw_given"',
      'wire_api = "responses"',
      'request_max_retries = 0',
      'stream_max_retries = 0',
      '# <<< metis-gateway',
      '',
    ])
    expect(await states()).toEqual([])
  })

  it('goes through a link to where the file really is', async () => {
    mkdirSync(at.path('.claude'))
    writeFileSync(at.path('dotfile.json'), '{}')
    symlinkSync(at.path('dotfile.json'), pathOf('claude-code'))
    await at.run('on', 'claude-code')
    expect(readFileSync(at.path('dotfile.json'), 'utf8')).toContain('gw_')
    await at.run('off', 'claude-code')
    expect(readFileSync(at.path('dotfile.json'), 'utf8')).toBe('{}')
  })

  it('is for every client that is found, without a name', async () => {
    expect(await at.run('on')).toMatchObject({ code: 1, stderr: expect.stringContaining('no client was found') })
    for (const client of clients) write(client, client === 'codex' ? '' : '{}')
    expect((await at.run('on')).code).toBe(0)
    expect((await at.run('off')).stdout.split('\n')).toHaveLength(2)
    expect([textOf('claude-code'), textOf('codex')]).toEqual(['{}', ''])
  })
})

describe('a file that was changed meanwhile', () => {
  const said = (client: Client) => [
    `${pathOf(client)} was changed since: only the gateway was taken out of it, the rest is as it is now`,
    expect.stringMatching(/'s file as it was found is kept as .+\.changed-1$/),
  ]

  it('of Claude Code keeps the change, gets its own variables back, and is said', async () => {
    write('claude-code', '{"env": {"ANTHROPIC_BASE_URL": "https://mine"}, "apiKeyHelper": "x"}')
    await at.run('on', 'claude-code')
    const changed = JSON.stringify({ ...JSON.parse(textOf('claude-code')), model: 'opus' })
    write('claude-code', changed)
    const { code, stderr } = await at.run('off', 'claude-code')
    expect([code, stderr.split('\n')]).toEqual([0, said('claude-code')])
    expect(JSON.parse(textOf('claude-code'))).toEqual({
      env: { ANTHROPIC_BASE_URL: 'https://mine' },
      apiKeyHelper: 'x',
      model: 'opus',
    })
    expect(readFileSync(join(at.home, 'clients', 'claude-code.changed-1'), 'utf8')).toBe(changed)
  })

  it('of Claude Code loses our status line, whatever was made of its padding, and keeps one that somebody put in its place', async () => {
    const line = { type: 'command', command: 'echo mine' }
    for (const [changed, rest] of [
      [{ padding: 3 }, {}],
      [line, { statusLine: { ...line, padding: 0 } }],
    ] as const) {
      write('claude-code', '{}')
      await at.run('on', 'claude-code')
      const settings = JSON.parse(textOf('claude-code'))
      write('claude-code', JSON.stringify({ ...settings, model: 'opus', statusLine: { ...settings.statusLine, ...changed } }))
      await at.run('off', 'claude-code')
      expect(JSON.parse(textOf('claude-code'))).toEqual({ model: 'opus', ...rest })
    }
  })

  it('of Claude Code that was only written again in another layout is put back byte for byte', async () => {
    write('claude-code', '{ "model" :"opus" }')
    await at.run('on', 'claude-code')
    write('claude-code', JSON.stringify(JSON.parse(textOf('claude-code')), null, 4))
    expect((await at.run('off', 'claude-code')).stderr).toBe('')
    expect(textOf('claude-code')).toBe('{ "model" :"opus" }')
  })

  it('of Claude Code that leads elsewhere by now is left to lead there', async () => {
    await at.run('on', 'claude-code')
    const elsewhere = { env: { ANTHROPIC_BASE_URL: 'https://other', ANTHROPIC_AUTH_TOKEN: 'sk-other' } }
    write('claude-code', JSON.stringify(elsewhere))
    await at.run('off', 'claude-code')
    expect(JSON.parse(textOf('claude-code'))).toEqual(elsewhere)
  })

  it('of Codex keeps every other byte', async () => {
    write('codex', 'model_provider = "corp" # mine\n')
    await at.run('on', 'codex')
    write('codex', `${textOf('codex').replace('# mine', '# my own')}[projects."/x"]\ntrust_level = "trusted"`)
    const { code, stderr } = await at.run('off', 'codex')
    expect([code, stderr.split('\n')]).toEqual([0, said('codex')])
    expect(textOf('codex')).toBe('model_provider = "corp" # my own\n[projects."/x"]\ntrust_level = "trusted"')
  })

  it('is left as it is when the gateway cannot be taken out of it, and off works once it can', async () => {
    write('codex', 'a = 1\n')
    await at.run('on', 'codex')
    const broken = textOf('codex').replace('# <<< metis-gateway\n', '')
    write('codex', broken)
    expect(await at.run('off', 'codex')).toMatchObject({ code: 1, stderr: expect.stringContaining('is left as it is') })
    expect(textOf('codex')).toBe(broken)
    write('codex', 'a = 2\n')
    expect((await at.run('off', 'codex')).code).toBe(0)
    expect(textOf('codex')).toBe('a = 2\n')
  })

  it('and is gone by now stays gone; what it was is kept', async () => {
    write('claude-code', '{"model": "opus"}')
    await at.run('on', 'claude-code')
    rmSync(pathOf('claude-code'))
    const { stderr } = await at.run('off', 'claude-code')
    expect(stderr).toContain('was removed since, and is left so; what it was before is kept as')
    expect(existsSync(pathOf('claude-code'))).toBe(false)
    expect(readFileSync(join(at.home, 'clients', 'claude-code.before-1'), 'utf8')).toBe('{"model": "opus"}')
  })
})

describe('on refuses, changes nothing and issues nothing', () => {
  const refused: readonly (readonly [what: string, client: Client, bytes: string | Uint8Array, why: string])[] = [
    ['JSON with comments', 'claude-code', '{ // mine\n}', 'it is not a JSON object'],
    ['a list', 'claude-code', '[]', 'it is not a JSON object'],
    ['bytes that are no UTF-8', 'claude-code', Uint8Array.of(0x7b, 0xff, 0x7d), 'it is not UTF-8'],
    ['a byte order mark', 'codex', '\u{feff}a = 1', 'it begins with a byte order mark'],
    ['a provider of our name', 'codex', '[model_providers.metis]\nname = "x"\n', 'a [model_providers.metis] of its own'],
  ]
  it.each(refused)('%s', async (_, client, bytes, why) => {
    write(client, bytes)
    const { code, stderr } = await at.run('on', client)
    expect([code, stderr]).toEqual([1, expect.stringContaining(why)])
    expect(readFileSync(pathOf(client)).equals(Buffer.from(bytes))).toBe(true)
    expect(await states()).toEqual([])
    expect((await at.run('off', client)).stdout).toContain('was not on')
  })

  it('a client it does not know, and a gateway elsewhere without a token', async () => {
    expect(await at.run('on', 'cursor')).toMatchObject({ code: 2, stderr: expect.stringContaining('claude-code or codex') })
    expect(await at.run('on', 'codex', '--url', 'https://gw.example.com')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('give the token of one'),
    })
  })
})
