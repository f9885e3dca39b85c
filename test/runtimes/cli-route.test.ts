// `route --explain`: the chain of a request that is never sent.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { runCommand } from '../../runtimes/node/commands/run.ts'
import { fakeIo } from '../support/fake-io.ts'
import { parseObject } from '../support/json.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'metis-route-'))
  mkdirSync(join(home, '.metis'))
  const rules = [
    { name: 'eyes', when: { has_images: true }, model: 'sonnet' },
    { name: 'fixes', when: { message_contains_any: ['fix'] }, model: 'haiku' },
    { name: 'web', when: { team_is: 'web' }, model: 'openai:gpt-5-mini' },
  ]
  writeFileSync(join(home, '.metis', 'routing.yaml'), stringify({ rules }))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

async function run(argv: readonly string[], env: Readonly<Record<string, string>> = { ANTHROPIC_API_KEY: 'sk-ant-test' }) {
  const io = fakeIo({ env: { METIS_HOME: home, ...env }, cwd: home })
  const code = await runCommand(argv, io)
  return { code, stdout: io.stdout.join('\n'), stderr: io.stderr.join('\n') }
}

describe('route', () => {
  it('shows what each slot says, and who answers', async () => {
    const { code, stdout } = await run(['route', '--explain', '--message', 'Fix this.'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^SLOT +SAYS +MODEL +WHY$/m)
    expect(stdout).toMatch(/^per_message_override +not applicable +- +the request names no model$/m)
    expect(stdout).toMatch(/^rule +chose +anthropic:claude-haiku-4-5 +the rule "fixes" holds$/m)
    expect(stdout).toMatch(/\n\nanswered by anthropic:claude-haiku-4-5$/)
  })

  it.each([
    ['a model', ['--model', 'opus'], 'anthropic:claude-opus-5-5'],
    ['images', ['--images'], 'anthropic:claude-sonnet-5-5'],
    ['a session', ['--session'], 'anthropic:claude-haiku-5-5'],
    ['another workspace', ['--message', 'fix', '--workspace', '/nowhere', '--session'], 'anthropic:claude-haiku-5-5'],
  ])('takes %s', async (_, argv, winner) => {
    const { stdout } = await run(['route', ...argv, '--json'])
    expect(parseObject(stdout)).toMatchObject({ chosen_model: winner })
  })

  it('takes the body of a request', async () => {
    const image = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }
    writeFileSync(join(home, 'body.json'), JSON.stringify({ max_tokens: 9, messages: [{ role: 'user', content: [image] }] }))
    const { stdout } = await run(['route', '--body', join(home, 'body.json'), '--json'])
    expect(parseObject(stdout)).toMatchObject({ chosen_model: 'anthropic:claude-sonnet-5-5' })
  })

  it('takes a key, whose client may be ignored', async () => {
    const issued = await run(['issue-key', '--name', 'k', '--workspace', home, '--ignore-client-model', '--json'])
    const key = String(parseObject(issued.stdout)['key_id'])
    const { stdout } = await run(['route', '--key', key, '--model', 'opus', '--message', 'fix', '--json'])
    expect(parseObject(stdout)).toMatchObject({ chosen_model: 'anthropic:claude-haiku-4-5' })
  })

  it('ends with 1 when nobody can answer, and says what was tried', async () => {
    const { code, stdout } = await run(['route', '--team', 'web', '--json'])
    expect(code).toBe(1)
    expect(parseObject(stdout)).toMatchObject({ chosen_model: null, winner_index: -1, error: { code: 'routing_failed' } })
    expect(stdout).toContain('"rule_name":"web","validation_failure":"not_configured"')
  })

  it('shows what is wrong with a policy, with line and column', async () => {
    writeFileSync(join(home, 'routing.yaml'), 'rules:\n  - name: a\n    model: nope:x\n')
    const { stderr } = await run(['route', '--model', 'haiku'])
    expect(stderr).toContain(`${join(home, 'routing.yaml')}:3:12 rules.0.model: there is no provider "nope"`)
  })

  it.each([
    ['a key of nobody', ['--key', 'gk_0'], 1, /there is no key "gk_0"/],
    ['a file that is not there', ['--body', '/nowhere.json'], 1, /\/nowhere\.json cannot be read/],
    ['two messages', ['--body', 'x', '--message', 'y'], 2, /give one/],
  ])('refuses %s', async (_, argv, code, words) => {
    const ended = await run(['route', ...argv])
    expect([ended.code, ended.stdout]).toEqual([code, ''])
    expect(ended.stderr).toMatch(words)
  })
})
