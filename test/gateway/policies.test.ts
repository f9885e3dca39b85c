// Policies as users write them: files in a workspace and in the home, changed while the gateway runs.
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

const rule = (model: string, when = '{ has_tools: false }'): string => `rules:
  - name: only one
    when: ${when}
    model: ${model}
`

describe('a policy file', () => {
  let gateway: TestGateway
  let workspace: string
  let token: string
  let written = 0

  beforeEach(async () => {
    gateway = await startTestGateway({ config: { default_model: 'anthropic:claude-sonnet-5' } })
    workspace = await mkdtemp(join(tmpdir(), 'metis-workspace-'))
    await mkdir(join(workspace, '.metis'))
    token = (await gateway.issue({ workspace, ignoreClientModel: true })).token
  })
  afterEach(async () => {
    await gateway.stop()
    await rm(workspace, { recursive: true, force: true })
  })

  const own = () => join(workspace, '.metis', 'routing.yaml')
  const global = () => join(gateway.context.home, 'routing.yaml')

  /** Each version has a time of its own, as it has when people write. */
  async function write(path: string, text: string): Promise<void> {
    await writeFile(path, text)
    written += 1
    await utimes(path, written, written)
  }

  async function chosen(): Promise<string | null> {
    const body = { model: 'gpt-5', max_tokens: 8, messages: [{ role: 'user', content: 'hello' }] }
    const response = await gateway.post('/v1/messages', body, { token })
    expect(response.status, await response.text()).toBe(200)
    return response.headers.get('x-metis-model')
  }

  const invalid = async () => (await gateway.events()).filter(({ type }) => type === 'routing.policy_invalid')

  it('is in force for the first request, before the one of the home', async () => {
    await write(own(), rule('haiku'))
    await write(global(), rule('opus'))
    expect(await chosen()).toBe('anthropic:claude-haiku-4-5')
    const route = (await gateway.events()).find(({ type }) => type === 'route.decided')
    expect(route?.payload['chain']).toMatchObject([
      { policy: 'per_message_override', verdict: 'not_applicable', reason: "the key ignores the client's model" },
      { policy: 'manual_sticky', verdict: 'not_applicable' },
      { policy: 'rule', verdict: 'chose', rule_name: 'only one', reason: 'the rule "only one" holds' },
    ])
  })

  it('is read again when it changes, and gone when it is removed', async () => {
    expect(await chosen()).toBe('anthropic:claude-sonnet-5')
    await write(own(), rule('haiku'))
    await expect.poll(chosen, { interval: 200 }).toBe('anthropic:claude-haiku-4-5')
    await write(own(), rule('opus'))
    await expect.poll(chosen, { interval: 200 }).toBe('anthropic:claude-opus-5-5')
    await rm(own())
    await expect.poll(chosen, { interval: 200 }).toBe('anthropic:claude-sonnet-5')
  })

  it('that is broken leaves its last good version in force, and is on record once, with line and column', async () => {
    await write(own(), rule('haiku'))
    expect(await chosen()).toBe('anthropic:claude-haiku-4-5')
    await write(own(), rule('opus', '{ has_tols: true }'))
    await expect.poll(async () => (await chosen(), (await invalid()).length), { interval: 200 }).toBe(1)
    expect(await chosen()).toBe('anthropic:claude-haiku-4-5')
    const [event] = await invalid()
    expect(event?.payload).toMatchObject({ path: own(), workspace })
    expect(event?.payload['faults']).toEqual([
      { line: 3, column: 23, message: expect.stringContaining('there is no "has_tols" here; allowed: has_images, has_tools') },
    ])
    await write(own(), 'rules: [\n  - oops')
    await expect.poll(async () => (await chosen(), (await invalid()).length), { interval: 200 }).toBe(2)
    expect(await chosen()).toBe('anthropic:claude-haiku-4-5')
  })
})
