import { describe, expect, it } from 'vitest'
import { commands } from '../../runtimes/node/commands/index.ts'
import { runCommand } from '../../runtimes/node/commands/run.ts'
import manifest from '../../package.json' with { type: 'json' }
import { fakeIo } from '../support/fake-io.ts'

async function run(...argv: string[]) {
  const io = fakeIo()
  const code = await runCommand(argv, io)
  return { code, stdout: io.stdout.join('\n'), stderr: io.stderr.join('\n') }
}

describe('help', () => {
  it.each(['--help', '-h', 'help'])('lists every command for %s', async (flag) => {
    const { code, stdout } = await run(flag)
    expect(code).toBe(0)
    for (const command of commands) expect(stdout).toContain(`  ${command.name} `)
  })

  it.each(commands.map((command) => command.name))('of %s shows its flags and an example of itself', async (name) => {
    const { code, stdout, stderr } = await run(...name.split(' '), '--help')
    expect([code, stderr]).toEqual([0, ''])
    const command = commands.find((one) => one.name === name)
    for (const flag of Object.keys(command?.flags ?? {})) expect(stdout).toContain(`--${flag}`)
    expect(stdout).toMatch(/^Examples?:\n {2}\S/m)
    expect(await run('help', name)).toEqual({ code, stdout, stderr })
  })

  it('is the same through `metis gateway X`', async () => {
    expect(await run('gateway', 'issue-key', '--help')).toEqual(await run('issue-key', '--help'))
    expect((await run('gateway', '--help')).stdout).toContain('Commands:')
  })

  it('fits 130 columns, examples aside', async () => {
    for (const { name } of commands) {
      const [flags = ''] = (await run(...name.split(' '), '--help')).stdout.split('\nExample')
      expect(flags.split('\n').filter((line) => line.length > 130)).toEqual([])
    }
  })
})

it('tells its version', async () => {
  expect((await run('--version')).stdout).toBe(manifest.version)
  expect((await run('-v')).stdout).toBe(manifest.version)
})

describe('wrong use ends with 2 and one line that names the fault and the help', () => {
  it.each([
    [['nonsense'], 'there is no command "nonsense"'],
    [['--nonsense'], "Unknown option '--nonsense'"],
    [['list-keys', '--nonsense'], "Unknown option '--nonsense'"],
    [['list-keys', 'extra'], 'list-keys does not know what to do with "extra"'],
    [['issue-key'], 'issue-key needs --name NAME'],
    [['issue-key', '--name'], "Option '--name <value>' argument missing"],
    [['issue-key', '--name', 'a'], 'issue-key needs --workspace PATH'],
    [
      ['issue-key', '--name', 'a', '--workspace', '.', '--rpm', 'many'],
      '--rpm wants a whole number from 1 to 1000000, not "many"',
    ],
    [['issue-key', '--name', 'a', '--workspace', '.', '--rpm', '0'], '--rpm wants a whole number'],
    [['issue-key', '--name', 'a', '--workspace', '.', '--daily-cap-usd=-5'], '--daily-cap-usd wants an amount in USD'],
    [['issue-key', '--name', 'a', '--workspace', '.', '--expires', 'soon'], '--expires wants a duration'],
    [['issue-key', '--name', 'a', '--workspace', '.', '--tag', 'plain'], '--tag wants key=value, not "plain"'],
    [['revoke-key'], 'revoke-key needs the id of a key'],
    [['env', '--url', 'http://x/$(reboot)'], '--url wants an address'],
    [['env', '--token', 'gw_1"; reboot; "'], '--token wants a token'],
    [['env', 'emacs'], 'there is no client "emacs": claude-code'],
    [['start', '--port', '99999'], '--port wants a whole number from 0 to 65535'],
    [['start', '--log-format', 'xml'], '--log-format wants one of pretty, json'],
    [['serve', '--host', '0.0.0.0'], 'needs an admin token: set METIS_ADMIN_TOKEN'],
  ])('%j', async (argv, message) => {
    const { code, stdout, stderr } = await run(...argv)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^metis-gateway: .*; see metis-gateway .*--help$/)
    expect(stderr).not.toContain('\n')
  })
})

describe('env', () => {
  it('prints lines that a shell can take, remarks included', async () => {
    const { code, stdout } = await run('env', 'claude-code', '--token', 'gw_abc', '--url', 'http://127.0.0.1:9000/')
    expect(code).toBe(0)
    expect(stdout.split('\n').filter((line) => !line.startsWith('#'))).toEqual([
      'export ANTHROPIC_BASE_URL="http://127.0.0.1:9000"',
      'export ANTHROPIC_API_KEY="gw_abc"',
    ])
  })

  it('gives the OpenAI SDKs /v1 and the Anthropic SDKs the root', async () => {
    expect((await run('env', 'openai')).stdout).toContain('export OPENAI_BASE_URL="http://127.0.0.1:8422/v1"')
    expect((await run('env', 'anthropic')).stdout).toContain('export ANTHROPIC_BASE_URL="http://127.0.0.1:8422"\n')
  })

  it('points Codex at the Responses API', async () => {
    const { stdout } = await run('env', 'codex', '--token', 'gw_abc', '--url', 'http://127.0.0.1:9000')
    expect(stdout.split('\n').filter((line) => !line.startsWith('#'))).toEqual(['export METIS_GATEWAY_KEY="gw_abc"'])
    for (const line of ['base_url = "http://127.0.0.1:9000/v1"', 'env_key = "METIS_GATEWAY_KEY"', 'wire_api = "responses"'])
      expect(stdout).toContain(line)
  })

  it('says that Cursor cannot reach a loopback address', async () => {
    const { stdout } = await run('env', 'cursor')
    expect(stdout).toContain('from its own servers')
    expect(stdout).not.toMatch(/^export/m)
  })

  it('covers every client when none is named, and asks for a token of the user', async () => {
    const { stdout, stderr } = await run('env')
    for (const word of ['Claude Code', 'Anthropic SDKs', 'OpenAI SDKs', 'Codex', 'Cursor']) expect(stdout).toContain(word)
    expect(stderr).toContain('gw_YOUR_TOKEN')
  })
})
