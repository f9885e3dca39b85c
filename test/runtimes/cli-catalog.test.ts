import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand } from '../../runtimes/node/commands/run.ts'
import { fakeIo } from '../support/fake-io.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'metis-cli-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

async function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const io = fakeIo({ env: { METIS_HOME: home, ...env } })
  const code = await runCommand(argv, io)
  return { code, stdout: io.stdout.join('\n'), stderr: io.stderr.join('\n') }
}

describe('models', () => {
  it('says what is missing when no provider is configured', async () => {
    const { code, stdout, stderr } = await run(['models'])
    expect([code, stdout]).toEqual([0, ''])
    expect(stderr).toContain(
      `set ANTHROPIC_API_KEY or OPENAI_API_KEY where the gateway starts, or name a provider in ${home}/config.yaml`,
    )
  })

  it('lists aliases and full ids of the providers whose key is there, and only those', async () => {
    const { stdout } = await run(['models', '--json'], { ANTHROPIC_API_KEY: 'sk-ant-test' })
    const { data } = JSON.parse(stdout)
    expect(data).toContainEqual({ id: 'haiku', model: 'anthropic:claude-haiku-4-5', display_name: 'Claude Haiku 4.5' })
    expect(data).toContainEqual(expect.objectContaining({ id: 'anthropic:claude-haiku-4-5' }))
    expect(data.filter((model: { model: string }) => !model.model.startsWith('anthropic:'))).toEqual([])
  })

  it('offers the demo provider when asked to', async () => {
    expect((await run(['models', '--demo'])).stdout).toMatch(/^haiku +demo:haiku/m)
  })
})

describe('prices', () => {
  it('shows USD per million tokens, and names the price list', async () => {
    const { stdout } = await run(['prices', '--json'], { ANTHROPIC_API_KEY: 'sk-ant-test' })
    const { data, pricing_version: version } = JSON.parse(stdout)
    expect(version).toMatch(/^genai-prices@\d/)
    expect(data).toContainEqual(
      expect.objectContaining({
        model: 'anthropic:claude-haiku-4-5',
        input: 1,
        output: 5,
        cache_read: 0.1,
        cache_write: 1.25,
        cache_write_1h: 2,
      }),
    )
  })

  it("calls a model that nobody has a price for unpriced, and takes the user's own price", async () => {
    const provider = 'providers: { box: { wire: openai, base_url: "http://127.0.0.1:11434/v1", models: [qwen3] } }\n'
    writeFileSync(join(home, 'config.yaml'), provider, { mode: 0o600 })
    expect((await run(['prices'])).stdout).toMatch(/^box:qwen3 +- +- +- +- {2}unpriced$/m)
    writeFileSync(join(home, 'config.yaml'), `${provider}prices: { "box:*": { input: 0.2, output: 0.4 } }\n`, { mode: 0o600 })
    const { stdout } = await run(['prices'])
    expect(stdout).toMatch(/^box:qwen3 +0\.2 +0\.4 +- +- {2}box:\*$/m)
    expect(stdout).toMatch(/price list: genai-prices@[\d.]+\+[0-9a-f]{8}/)
  })
})

it('names every fault of the configuration in one line, with its path in the file', async () => {
  writeFileSync(join(home, 'config.yaml'), 'aliasses: {}\nlimits: { max_retries: 99 }\n', { mode: 0o600 })
  const { code, stderr } = await run(['models'])
  expect(code).toBe(1)
  expect(stderr).not.toContain('\n')
  expect(stderr).toContain('aliasses: there is no such setting; allowed here: providers, aliases')
  expect(stderr).toContain('limits.max_retries')
})

it('refuses a gateway token in place of a provider key', async () => {
  const { code, stderr } = await run(['models'], { ANTHROPIC_API_KEY: 'gw_01JABC' })
  expect(code).toBe(1)
  expect(stderr).toContain('gateway token')
  expect(stderr).not.toContain('gw_01JABC')
})
