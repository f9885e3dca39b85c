// A client that goes round in circles, through both doors, and the command that lets it go on.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../../runtimes/node/commands/run.ts'
import { eventually } from '../support/deadline.ts'
import { fakeIo } from '../support/fake-io.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { objectOf, parseObject } from '../support/json.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway({ config: { brake: { mode: 'refuse', repeated_tool_calls: 3 } } })
})
afterAll(() => gateway.stop())

const times = [1, 2, 3]
const doors = [
  {
    path: '/v1/messages',
    type: 'rate_limit_error',
    body: {
      model: 'claude-haiku-4-5',
      max_tokens: 16,
      tools: [{ name: 'read', input_schema: { type: 'object' } }],
      messages: times.flatMap((time) => [
        { role: 'user', content: time === 1 ? 'go' : [{ type: 'tool_result', tool_use_id: `t${time - 1}`, content: 'x' }] },
        { role: 'assistant', content: [{ type: 'tool_use', id: `t${time}`, name: 'read', input: { path: 'ä' } }] },
      ]),
    },
  },
  {
    path: '/v1/chat/completions',
    type: 'insufficient_quota',
    body: {
      model: 'gpt-4o-mini',
      tools: [{ type: 'function', function: { name: 'read' } }],
      messages: times.flatMap((time) => [
        time === 1 ? { role: 'user', content: 'go' } : { role: 'tool', tool_call_id: `t${time - 1}`, content: 'x' },
        {
          role: 'assistant',
          tool_calls: [{ id: `t${time}`, type: 'function', function: { name: 'read', arguments: '{"path":"ä"}' } }],
        },
      ]),
    },
  },
] as const

async function run(...argv: readonly string[]) {
  const io = fakeIo({ env: { METIS_HOME: gateway.context.home, USER: 'alice' } })
  const code = await runCommand(argv, io)
  return { code, stdout: io.stdout.join('\n'), stderr: io.stderr.join('\n') }
}

describe.each(doors)('through $path', ({ path, type, body }) => {
  const ask = async (session: string, asked: object) => {
    const response = await gateway.post(path, asked, { headers: { 'x-metis-session': session } })
    return { response, error: objectOf(parseObject(await response.text())['error'] ?? {}) }
  }

  it('a session that repeats its tool call is stopped, told why and how to go on, and is on record', async () => {
    const before = gateway.provider.requests.length
    const { response, error } = await ask('circle', body)
    expect([response.status, response.headers.get('x-should-retry')]).toEqual([429, 'false'])
    const subject = `session:${gateway.keyId}/circle`
    expect(error).toMatchObject({ type, code: 'runaway_stopped', subject, reason: 'repeated_tool_call' })
    expect(gateway.provider.requests).toHaveLength(before)
    const turnId = response.headers.get('x-metis-turn-id')
    const turn = (await gateway.events()).find((event) => event.turnId === turnId && event.type === 'turn.completed')
    expect(turn?.payload).toMatchObject({ status: 'refused', error_code: 'runaway_stopped' })
    const found = await eventually(10_000, 'the finding on record', async () =>
      (await gateway.events()).findLast((event) => event.type === 'gateway.runaway_detected'),
    )
    expect(found.payload).toMatchObject({ subject, reason: 'repeated_tool_call', stopped: true, repeats: 3 })

    const usual = { ...body, messages: [{ role: 'user', content: 'hello' }] }
    expect((await ask('circle', usual)).response.status).toBe(429)
    expect((await ask('another', usual)).response.status).toBe(200)
    expect(JSON.parse((await run('brake', 'list', '--json')).stdout).data).toMatchObject([
      { subject, reason: 'repeated_tool_call' },
    ])
    expect(await run('brake', 'release', subject)).toMatchObject({ code: 0, stdout: `released ${subject}` })
    await eventually(10_000, 'the session to go on', async () => (await ask('circle', usual)).response.status === 200)
    expect((await run('brake', 'release', subject)).stderr).toContain('is not stopped')
    expect((await run('brake', 'list')).stderr).toContain('nobody is stopped')
    const released = (await gateway.events()).findLast((event) => event.type === 'gateway.runaway_released')
    expect(released?.payload).toEqual({ subject, actor: 'alice', origin: 'cli' })
  })
})
