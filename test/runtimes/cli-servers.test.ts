// start, serve and demo as users run them: the built program, its signals, its ports, its child.
import { once } from 'node:events'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openNode } from '../../runtimes/node/context.ts'
import { welcome } from '../../runtimes/node/commands/welcome.ts'
import { eventually, within } from '../support/deadline.ts'
import { fakeIo } from '../support/fake-io.ts'
import { runProgram, startProgram, temporaryHome, type Program } from '../support/program.ts'

let home: string
const programs: Program[] = []
const blockers: Server[] = []
beforeEach(() => {
  home = temporaryHome()
})
afterEach(async () => {
  for (const program of programs.splice(0)) {
    program.signal('SIGKILL')
    await program.ended
  }
  for (const server of blockers.splice(0)) server.close()
  rmSync(home, { recursive: true, force: true })
})

function start(...argv: string[]): Program {
  const program = startProgram(argv, { home })
  programs.push(program)
  return program
}

async function urlOf(program: Program, what: 'gateway' | 'serve'): Promise<string> {
  const [, url] = await program.printed(new RegExp(`${what} is on (http://\\S+?)(?:,|$)`, 'm'))
  return url ?? ''
}

async function issueKey(): Promise<string> {
  const { stdout } = await runProgram(['issue-key', '--name', 'test', '--workspace', '.', '--json'], { home })
  return JSON.parse(stdout).token
}

function ask(url: string, token: string, model: string, stream: boolean): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Count to three.' }] }),
  })
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    async (response) => (await response.body?.cancel(), true),
    () => false,
  )
}

/** A port that somebody else listens on. */
async function takenPort(): Promise<number> {
  const server = createServer()
  blockers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('start', () => {
  it('runs gateway and serve, and ends both with 0 when asked to stop', async () => {
    const program = start('--port', '0', '--serve-port', '0', '--demo')
    const [gateway, serve] = [await urlOf(program, 'gateway'), await urlOf(program, 'serve')]
    expect((await fetch(`${gateway}/healthz`)).status).toBe(200)
    expect((await fetch(`${serve}/health`)).headers.get('metis-api-version')).toBe('1.0')
    program.signal('SIGTERM')
    expect(await within(10_000, 'the end after SIGTERM', program.ended)).toBe(0)
    expect(await answers(`${serve}/health`)).toBe(false)
  })

  it('says once what is wrong with the file, not once for each of its processes', async () => {
    const config = join(home, 'open.yaml')
    writeFileSync(config, 'aliases: {}\n', { mode: 0o644 })
    const program = start('--port', '0', '--serve-port', '0', '--demo', '--config', config)
    await urlOf(program, 'serve')
    program.signal('SIGTERM')
    await program.ended
    expect(program.stderr().match(/can be read by others/g)).toHaveLength(1)
  })

  it('takes a key that is issued while it runs, without a terminal hints at how, and refuses it once revoked', async () => {
    const program = start('--port', '0', '--no-serve', '--demo')
    const gateway = await urlOf(program, 'gateway')
    // Another pipe than the one that told the address.
    await eventually(10_000, 'the hint', () => program.stderr().includes('no key has been issued yet') || undefined)
    const token = await issueKey()
    expect((await ask(gateway, token, 'haiku', false)).status).toBe(200)
    const { stdout } = await runProgram(['list-keys', '--json'], { home })
    expect((await runProgram(['revoke-key', JSON.parse(stdout).data[0].key_id], { home })).code).toBe(0)
    expect((await ask(gateway, token, 'haiku', false)).status).toBe(401)
  })

  it('lets a running answer finish before it ends', async () => {
    const token = await issueKey()
    const program = start('--port', '0', '--no-serve', '--demo')
    const response = await ask(await urlOf(program, 'gateway'), token, 'haiku', true)
    program.signal('SIGTERM')
    expect(await response.text()).toMatch(/data: \[DONE\]\s*$/)
    expect(await within(10_000, 'the end of the drain', program.ended)).toBe(0)
  })

  it('does not wait for connections that have not asked for anything', async () => {
    const program = start('--port', '0', '--no-serve')
    const { port } = new URL(await urlOf(program, 'gateway'))
    const silent = connect(Number(port), '127.0.0.1')
    silent.on('error', () => undefined)
    await once(silent, 'connect')
    // The connection is known to the gateway once it has answered a later one.
    await (await fetch(`http://127.0.0.1:${port}/healthz`)).text()
    program.signal('SIGTERM')
    expect(await within(10_000, 'the end of an idle gateway', program.ended)).toBe(0)
  })

  it('ends at once when it is asked a second time', async () => {
    const token = await issueKey()
    const program = start('--port', '0', '--no-serve', '--demo')
    const response = await ask(await urlOf(program, 'gateway'), token, 'haiku', true)
    program.signal('SIGINT')
    await eventually(10_000, 'the line that says what a second signal does', () =>
      program.stderr().includes('once more stops at once'),
    )
    program.signal('SIGINT')
    expect(await within(10_000, 'the end after the second signal', program.ended)).toBe(130)
    await expect(response.text()).rejects.toThrow()
  })

  it('takes serve along even when it is killed', async () => {
    const program = start('--port', '0', '--serve-port', '0')
    const serve = await urlOf(program, 'serve')
    program.signal('SIGKILL')
    await eventually(10_000, 'the end of serve', async () => !(await answers(`${serve}/health`)))
  })

  it('leaves a serve alone that runs already', async () => {
    const serve = start('serve', '--port', '0')
    const url = await urlOf(serve, 'serve')
    const program = start('--port', '0', '--serve-port', new URL(url).port)
    await program.printed(/a serve that was already running was left alone on /)
    program.signal('SIGTERM')
    expect(await within(10_000, 'the end after SIGTERM', program.ended)).toBe(0)
    expect(await answers(`${url}/health`)).toBe(true)
  })

  it('goes on without serve when its port is taken by something else', async () => {
    const port = await takenPort()
    const program = start('--port', '0', '--serve-port', String(port))
    await program.printed(/serve is not running/)
    await eventually(10_000, 'the reason', () => program.stderr().includes(`port ${port} on 127.0.0.1 is taken`))
    expect((await fetch(`${await urlOf(program, 'gateway')}/healthz`)).status).toBe(200)
  })

  it('does not start with a provider that is the gateway itself', async () => {
    const config = join(home, 'loop.yaml')
    writeFileSync(config, 'providers:\n  loop: { wire: openai, base_url: "http://localhost:8799/v1" }\n', { mode: 0o600 })
    const program = start('--port', '8799', '--no-serve', '--config', config)
    expect(await within(15_000, 'the refusal', program.ended)).toBe(1)
    expect(program.stderr()).toContain('providers.loop.base_url: is the gateway itself')
  })

  it.each([['start'], ['serve'], ['demo']])('%s says in one line that its port is taken', async (command) => {
    const port = await takenPort()
    const { code, stderr } = await runProgram([command, '--port', String(port)], { home })
    expect(code).toBe(1)
    expect(stderr.trim()).toBe(
      `metis-gateway: port ${port} on 127.0.0.1 is taken: stop what listens there, or choose another with --port`,
    )
  })

  it('does not listen beyond loopback before a key was issued', async () => {
    const { code, stderr } = await runProgram(['start', '--host', '0.0.0.0', '--port', '0'], { home })
    expect([code, stderr]).toEqual([2, expect.stringContaining('needs an issued key')])
  })
})

describe('the first run on a terminal', () => {
  it('issues a key for the current directory and shows the lines to paste, once', async () => {
    const context = await openNode({ home, env: {} })
    try {
      const io = fakeIo({ answer: true, cwd: '/srv/shop' })
      await welcome(context, io, 'http://127.0.0.1:8422')
      const text = io.stdout.join('\n')
      const token = /^token: {2}(gw_\S+)$/m.exec(text)?.[1]
      expect(text).toContain(`export ANTHROPIC_API_KEY="${token}"`)
      expect(text).toContain('export OPENAI_BASE_URL="http://127.0.0.1:8422/v1"')
      expect(text).toMatch(/^curl http:\/\/127\.0\.0\.1:8422\/v1\/messages /m)
      expect(await context.keys.list()).toMatchObject([{ name: 'default', workspace: '/srv/shop' }])
    } finally {
      await context.close()
    }
  })
})

describe('demo', () => {
  it('shows everything offline, and leaves nothing behind', async () => {
    const program = startProgram(['demo', '--port', '0', '--serve-port', '0', '--json'], {
      home,
      // A shell that is set up for a client, and somebody's key: neither may matter.
      env: { ANTHROPIC_API_KEY: 'gw_01JABC', OPENAI_API_KEY: 'sk-someones', METIS_DB: join(home, 'mine.db'), TMPDIR: home },
    })
    programs.push(program)
    const running: { gateway: string; serve: string; token: string; key_id: string; turns: number } = JSON.parse(
      (await program.printed(/^\{.*\}$/m))[0],
    )
    expect(running.turns).toBeGreaterThan(200)
    expect(readdirSync(home)).toEqual([expect.stringMatching(/^metis-demo-/)])
    expect((await ask(running.gateway, running.token, 'haiku', false)).status).toBe(200)
    expect((await ask(running.gateway, running.token, 'gpt-5-mini', false)).status).toBe(200)
    const teams = await (await fetch(`${running.serve}/analytics/by_team?window=30d`)).json()
    expect(teams).toMatchObject({ data: expect.arrayContaining([expect.objectContaining({ team_id: expect.any(String) })]) })
    program.signal('SIGTERM')
    expect(await within(10_000, 'the end of the demo', program.ended)).toBe(0)
    expect(readdirSync(home)).toEqual([])
  })

  it('prints a key and one curl line that works as it stands', async () => {
    const program = start('demo', '--port', '0', '--serve-port', '0')
    const [curl] = await program.printed(/^curl http:\/\/127\.0\.0\.1:\d+\/v1\/messages .*$/m)
    expect(program.stdout()).toMatch(/^key_id: gk_\w{26}$/m)
    const [, url = '', headers = '', body = ''] = /^curl (\S+) (.*) -d '(.*)'$/.exec(curl) ?? []
    const sent = Object.fromEntries(
      [...headers.matchAll(/-H '([^:]+): ([^']+)'/g)].map(([, name = '', value = '']) => [name, value]),
    )
    const answer = await fetch(url, { method: 'POST', headers: sent, body })
    expect(await answer.json()).toMatchObject({ content: [{ type: 'text', text: expect.any(String) }] })
  })

  it('does not use a serve of another database that runs on its port', async () => {
    const serve = start('serve', '--port', '0')
    const { port } = new URL(await urlOf(serve, 'serve'))
    const { code, stderr } = await runProgram(['demo', '--port', '0', '--serve-port', port], { home })
    expect(code).toBe(1)
    expect(stderr).toContain(`port ${port} on 127.0.0.1 is taken`)
  })
})
