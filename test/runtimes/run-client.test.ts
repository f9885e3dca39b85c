// `run -- CMD…` as its user runs it: a fake client in a git work tree, a real gateway, and what is on record after it.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { within } from '../support/deadline.ts'
import { startProgram, temporaryHome } from '../support/program.ts'
import { startRunningGateway, type RunningGateway } from '../support/running-gateway.ts'

let gateway: RunningGateway
let bin: string
beforeAll(async () => {
  gateway = await startRunningGateway()
  bin = join(gateway.home, 'clients')
  mkdirSync(bin)
  for (const name of ['claude', 'codex', 'agent']) client(name, show)
  client('asks', ask)
})
afterAll(() => gateway.stop())

let tree: string
let trees = 0
beforeEach(() => {
  tree = join(gateway.home, `shop-${++trees}`)
  mkdirSync(join(tree, '.git'), { recursive: true })
  mkdirSync(join(tree, 'src/deep'), { recursive: true })
  writeFileSync(join(tree, '.git/HEAD'), 'ref: refs/heads/feat/checkout\n')
})

function client(name: string, source: string): void {
  const path = join(bin, name)
  writeFileSync(path, `#!${process.execPath}\n${source}`)
  chmodSync(path, 0o755)
}

/** Prints what it was given, and ends as it is told. */
const show = `
const names = Object.keys(process.env).filter((name) => /^(ANTHROPIC|OPENAI|METIS_GATEWAY)_/.test(name)).sort()
console.log(JSON.stringify({ argv: process.argv.slice(2), env: Object.fromEntries(names.map((name) => [name, process.env[name]])) }))
process.exit(Number(process.env.EXIT ?? 0))`

/** One call as Claude Code makes it. */
const ask = `
const own = Object.fromEntries(process.env.ANTHROPIC_CUSTOM_HEADERS.split('\\n').map((line) => line.split(': ')))
const answer = await fetch(process.env.ANTHROPIC_BASE_URL + '/v1/messages', {
  method: 'POST',
  headers: { ...own, 'x-api-key': process.env.ANTHROPIC_API_KEY, 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'haiku', max_tokens: 64, messages: [{ role: 'user', content: 'ping' }] }),
})
console.log(answer.status)`

async function run(argv: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, ...options.env }
  const program = startProgram(['run', '--url', gateway.url, ...argv], { home: gateway.home, cwd: options.cwd ?? tree, env })
  const code = await within(15_000, 'the end of run', program.ended)
  return { code, stdout: program.stdout(), stderr: program.stderr() }
}

const shown = async (...asked: Parameters<typeof run>) => JSON.parse((await run(...asked)).stdout)
const token = expect.stringMatching(/^gw_\w{58}$/)
const headers = () => `x-metis-project: shop-${trees}\nx-metis-branch: feat/checkout`

describe('run', () => {
  it('points Claude Code at the gateway, without any key of its own beside', async () => {
    const env = { ANTHROPIC_API_KEY: 'sk-ant-mine', ANTHROPIC_CUSTOM_HEADERS: 'x-team: a' }
    expect(await shown(['--', 'claude', '--model', 'opus', '-p', 'hi'], { cwd: join(tree, 'src/deep'), env })).toEqual({
      argv: ['--model', 'opus', '-p', 'hi'],
      env: {
        ANTHROPIC_AUTH_TOKEN: token,
        ANTHROPIC_BASE_URL: gateway.url,
        ANTHROPIC_CUSTOM_HEADERS: `x-team: a\n${headers()}`,
      },
    })
  })

  it('leaves Claude Code its own login with --subscription, and puts the token in a header beside it', async () => {
    const env = { ANTHROPIC_API_KEY: 'sk-ant-mine', ANTHROPIC_AUTH_TOKEN: 'mine' }
    expect((await shown(['--subscription', '--', 'claude'], { env })).env).toEqual({
      ANTHROPIC_BASE_URL: gateway.url,
      ANTHROPIC_CUSTOM_HEADERS: expect.stringMatching(
        /^x-metis-project: shop-\d+\nx-metis-branch: feat\/checkout\nx-metis-key: gw_\w{58}$/,
      ),
    })
    expect((await run(['--subscription', '--', 'codex'])).code).toBe(2)
  })

  it('inside another run says whose work and whose key it is once', async () => {
    const outer = `x-team: a\nx-metis-project: outer\nx-metis-branch: main\nX-Metis-Key: gw_outer`
    const { env } = await shown(['--', 'claude'], { env: { ANTHROPIC_CUSTOM_HEADERS: outer } })
    expect(env.ANTHROPIC_CUSTOM_HEADERS).toBe(`x-team: a\n${headers()}`)
  })

  it('gives Codex a provider by its arguments, and the token by its environment alone', async () => {
    const { argv, env } = await shown(['--', 'codex', 'exec', 'hi'])
    expect(env).toEqual({ METIS_GATEWAY_KEY: token })
    expect(argv).toEqual(['-c', 'model_provider="metis"', '-c', expect.any(String), 'exec', 'hi'])
    expect(argv[3]).toBe(
      `model_providers.metis={ name = "Metis gateway", base_url = "${gateway.url}/v1", env_key = "METIS_GATEWAY_KEY", ` +
        'wire_api = "responses", request_max_retries = 0, stream_max_retries = 0, ' +
        `http_headers = { "x-metis-project" = "shop-${trees}", "x-metis-branch" = "feat/checkout" } }`,
    )
  })

  it('gives any other program the variables of both vendors’ SDKs', async () => {
    expect((await shown(['--', 'agent'], { env: { ANTHROPIC_AUTH_TOKEN: 'mine' } })).env).toEqual({
      ANTHROPIC_API_KEY: token,
      ANTHROPIC_BASE_URL: gateway.url,
      ANTHROPIC_CUSTOM_HEADERS: headers(),
      METIS_GATEWAY_KEY: token,
      OPENAI_API_KEY: token,
      OPENAI_BASE_URL: `${gateway.url}/v1`,
    })
  })

  it('puts the call on record by project and branch', async () => {
    expect(await run(['--', 'asks'])).toMatchObject({ code: 0, stdout: '200\n', stderr: '' })
    const split = async (by: string) => {
      const answer = await fetch(`${gateway.serveUrl}/analytics/cost?window=24h&group_by=${by}&project=shop-${trees}`)
      return JSON.parse(await answer.text()).data
    }
    expect(await split('branch')).toMatchObject([{ branch: 'feat/checkout', call_count: 1 }])
    expect(await split('project')).toMatchObject([{ project: `shop-${trees}`, call_count: 1 }])
  })

  it('issues one key for a project, uses it again while it works, and another one after that', async () => {
    const tokenOf = async () => (await shown(['--', 'codex'])).env.METIS_GATEWAY_KEY
    const first = await tokenOf()
    expect(await tokenOf()).toBe(first)
    await gateway.run('metis-gateway', ['revoke-key', `gk_${first.slice(3, 29)}`])
    const second = await tokenOf()
    expect(second).not.toBe(first)
    expect(await tokenOf()).toBe(second)
  })

  it('takes a token that is given, by flag or by variable', async () => {
    expect((await shown(['--token', 'gw_a', '--', 'codex'])).env).toEqual({ METIS_GATEWAY_KEY: 'gw_a' })
    expect((await shown(['--', 'codex'], { env: { METIS_GATEWAY_KEY: 'gw_b' } })).env).toEqual({ METIS_GATEWAY_KEY: 'gw_b' })
  })

  it('ends as its program ends', async () => {
    expect((await run(['--', 'agent'], { env: { EXIT: '7' } })).code).toBe(7)
    expect((await run(['--', 'sh', '-c', 'kill -TERM $$'])).code).toBe(143)
  })

  it('says what is missing: a command, the program, a gateway', async () => {
    expect(await run([])).toMatchObject({ code: 2, stderr: expect.stringContaining('needs a command behind --') })
    expect(await run(['--', 'no-such-client'])).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no program') })
    expect(await run(['--url', 'http://127.0.0.1:9', '--', 'agent'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('no gateway answers at http://127.0.0.1:9'),
    })
  })

  it('says when settings lead Claude Code elsewhere', async () => {
    const home = temporaryHome()
    writeFileSync(join(home, 'settings.json'), '{"env": {"ANTHROPIC_BASE_URL": "https://other"}}')
    const { code, stderr } = await run(['--', 'claude'], { env: { CLAUDE_CONFIG_DIR: home } })
    expect([code, stderr]).toEqual([0, expect.stringContaining('sends Claude Code to https://other, whatever run says')])
    rmSync(home, { recursive: true, force: true })
  })
})
