import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commandHome, type CommandHome } from '../support/command-home.ts'

let at: CommandHome
beforeEach(() => {
  at = commandHome()
})
afterEach(() => at.remove())

describe('doctor ledger', () => {
  it('shows the identity and the one sum, and ends with 0', async () => {
    await at.play({}, { end: 'failed' }, { end: 'cancelled' })
    const { code, stdout } = await at.run('doctor', 'ledger')
    expect(code).toBe(0)
    expect(stdout).toContain('3 received = 1 ok + 1 failed + 1 cancelled + 0 interrupted + 0 refused + 0 in flight')
    expect(stdout).toContain('$0.002500000')
    expect(stdout).toContain('the same in events, calls, usage_hourly, /analytics/cost?group_by=none')
  })

  it('names the first row that breaks it, and ends with 1', async () => {
    await at.play({}, {})
    await at.inStore(({ storage }) =>
      storage.db.updateTable('calls').set({ output_tokens: 5 }).where('turn_id', '=', 'turn-2').execute(),
    )
    const { code, lines } = await at.run('doctor', 'ledger')
    expect(code).toBe(1)
    expect(lines.find((line) => line.startsWith('fault'))).toMatch(/^fault {2}calls turn-2: output_tokens is 5 instead of 20/)
    const json = JSON.parse((await at.run('doctor', 'ledger', '--json')).stdout)
    expect(json).toMatchObject({ ok: false, turns: { received: 2 } })
    expect(json.faults[0]).toMatchObject({ row: 'calls turn-2' })
  })
})

describe('doctor cursor', () => {
  it('says that a loopback address cannot work, and what to enter where', async () => {
    const { code, stdout } = await at.run('doctor', 'cursor')
    expect(code).toBe(0)
    expect(stdout).toContain("Cursor's own servers call the base URL, never this machine")
    expect(stdout).toMatch(/Override OpenAI Base URL +https:\/\/YOUR-PUBLIC-HOST\/v1/)
    expect(stdout).toMatch(/read timeout +600 s/)
    expect(stdout).toMatch(/never 8421/)
  })

  it.each([
    ['http://127.0.0.1:8422', 'is this machine'],
    ['https://localhost', 'is this machine'],
    ['http://gateway.example.com', 'has no TLS'],
    ['https://0.0.0.0:1', 'does not lead to the gateway'],
  ])('calls %s a fault: %s', async (url, message) => {
    const { code, stdout } = await at.run('doctor', 'cursor', '--url', url)
    expect(code).toBe(1)
    expect(stdout).toContain(message)
  })

  it('sees what is there already: the public name, a bounded key, an alias', async () => {
    await at.play()
    writeFileSync(
      join(at.home, 'config.yaml'),
      'allowed_hosts: [gateway.example.com]\naliases: { team-fast: "anthropic:claude-haiku-4-5", gpt-fast: "openai:gpt-5" }\n',
      { mode: 0o600 },
    )
    await at.run(
      'issue-key',
      '--name',
      'cursor',
      '--workspace',
      '.',
      '--daily-cap-usd',
      '5',
      '--allow-model',
      'team-fast',
      '--expires',
      '30d',
    )
    const report = JSON.parse((await at.run('doctor', 'cursor', '--json')).stdout)
    expect(report.data.map((finding: { level: string; message: string }) => [finding.level, finding.message])).toEqual([
      ['ok', expect.any(String)],
      ['warning', 'whether a public address leads here is not known'],
      ['ok', 'allowed_hosts: gateway.example.com'],
      ['ok', 'key cursor has a cap, a model list and an expiry'],
      ['ok', 'custom model ids to enter: team-fast'],
    ])
  })

  it('wants an address', async () => {
    expect(await at.run('doctor', 'cursor', '--url', 'gateway')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--url wants'),
    })
  })
})
