// `metis chat` as people use it: in a terminal, and in a pipe.
import { spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { within } from '../support/deadline.ts'
import { parseObject } from '../support/json.ts'
import { startMockProvider, type MockProvider } from '../support/mock-provider.ts'
import { environment, runProgram, temporaryHome } from '../support/program.ts'
import { openScreen, tmuxIsHere, withoutTmux, type Screen } from '../support/tmux.ts'

const script = join(process.cwd(), 'dist', 'cli.js')

let home = ''
let provider: MockProvider
beforeEach(async () => {
  home = temporaryHome()
  provider = await startMockProvider()
  const config = {
    providers: { anthropic: { wire: 'anthropic', base_url: provider.url, api_key: 'sk-ant-mock-provider-key' } },
    default_model: 'haiku',
  }
  writeFileSync(join(home, 'config.yaml'), stringify(config), { mode: 0o600 })
})
afterEach(async () => {
  await provider.stop()
  rmSync(home, { recursive: true, force: true })
})

const env = () => ({ METIS_HOME: home })

describe.skipIf(!tmuxIsHere)(`chat in a terminal${withoutTmux}`, () => {
  let screen: Screen
  const open = (flags = '') => {
    screen = openScreen(home, `${process.execPath} ${script} chat ${flags}`, {
      ...environment({ home, env: env() }),
      TERM: 'xterm',
    })
  }
  afterEach(() => screen.close())

  it('streams answers, takes @model for one message and /model for all, and tells cost and history', async () => {
    open()
    await screen.shows(/metis chat · haiku · \/help/)
    screen.type('hello there')
    await screen.shows(
      /You said: "hello there"\. Héllo from the mock ✓\nanthropic:claude-haiku-4-5 · \d+ in, \d+ out · \$0\.\d{6} · \d+\.\d s/,
    )
    screen.type('@sonnet and you?')
    await screen.shows(/You said: "and you\?".*\nanthropic:claude-sonnet-5-5 · /)
    screen.type('/model opus')
    await screen.shows(/^opus$/m)
    screen.type('who now')
    await screen.shows(/You said: "who now".*\nanthropic:claude-opus-5-5 · /)
    screen.type('/model auto')
    await screen.shows(/^routing decides$/m)
    screen.type('/model nope:x')
    await screen.shows(/There is no provider "nope"/)
    screen.type('/cost')
    await screen.shows(/^3 turns, \$0\.\d{6}$/m)
    screen.type('/history')
    await screen.shows(/^you\nhello there\nanthropic:claude-haiku-4-5\nYou said/m)
    screen.type('/halp')
    await screen.shows(/there is no \/halp; \/help lists what there is/)
    screen.type('/help')
    await screen.shows(/Ctrl-C {10}stops the answer/)
    screen.press('C-d')
    await screen.shows(/3 turns, \$0\.\d{6}; metis chat --session ses_[0-9A-Z]{26} goes on\nended with 0/)
  })

  it('is stopped in its answer by Ctrl-C and goes on, and is left by two at the prompt', async () => {
    open()
    await screen.shows(/> $/m)
    provider.script({ fault: 'stall-mid', faultAfterFrames: 5 })
    screen.type('a long story')
    await screen.shows(/You said/)
    screen.press('C-c')
    await screen.shows(/^cancelled$/m)
    expect(await provider.closed(0)).toMatchObject({ how: 'client-gone' })
    screen.type('still there?')
    // At the prompt again: one that comes while the answer still runs stops the answer.
    await screen.shows(/You said: "still there\?".*\n.* · \d+\.\d s\n> $/m)
    screen.press('C-c')
    await screen.shows(/Ctrl-C once more, or Ctrl-D, leaves/)
    screen.press('C-c')
    await screen.shows(/ended with 0/)
  })

  it('goes on where it was left, and the model hears what was said', async () => {
    const { stdout } = await runProgram(['chat', 'my name is Ada', '--json'], { home, env: env() })
    const id = String(parseObject(stdout)['session_id'])
    open(`--session ${id}`)
    await screen.shows(/metis chat/)
    screen.type('who am I?')
    await screen.shows(/You said: "who am I\?".*\n.* · \d+\.\d s\n> $/m)
    expect(JSON.stringify(provider.at(1).json['messages'])).toContain('my name is Ada')
    screen.press('C-d')
    await screen.shows(/2 turns/)
  })

  it('shows control characters of an answer as nothing', async () => {
    provider.script({ plan: { parts: [{ type: 'text', text: 'safe\u001b]0;owned\u0007\u001b[2J and sound' }] } })
    open()
    await screen.shows(/> $/m)
    screen.type('attack')
    await screen.shows(/^safe\]0;owned\[2J and sound$/m)
  })
})

describe('chat in a pipe', () => {
  async function piped(input: string, ...argv: readonly string[]) {
    const child = spawn(process.execPath, [script, 'chat', ...argv], { cwd: home, env: environment({ home, env: env() }) })
    const text = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8')
      child[name].on('data', (piece: string) => (text[name] += piece))
    }
    child.stdin.end(input)
    const code = await within(15_000, 'the end of chat', new Promise<number | null>((resolve) => child.once('close', resolve)))
    return { code, ...text }
  }

  it('answers what comes in, and prints nothing else', async () => {
    expect(await piped('from a pipe\n')).toEqual({
      code: 0,
      stdout: 'You said: "from a pipe". Héllo from the mock ✓\n',
      stderr: '',
    })
  })

  it('puts the prompt before what comes in, and takes @model', async () => {
    const { stdout } = await piped('the text\n', '@sonnet Sum it up:', '--json')
    expect(parseObject(stdout)).toMatchObject({
      model: 'anthropic:claude-sonnet-5-5',
      status: 'ok',
      cost_usd: expect.any(Number),
    })
    expect(JSON.stringify(provider.at(0).json['messages'])).toContain('Sum it up:\\n\\nthe text')
  })

  it('goes on with the last conversation of the directory', async () => {
    await piped('first')
    await piped('second', '--continue')
    expect(JSON.stringify(provider.at(1).json['messages'])).toContain('first')
  })

  it.each([
    ['nothing to say', '', [], 2, /nothing to say/],
    ['a model of nobody', 'x', ['--model', 'nope:x'], 1, /There is no provider "nope"/],
    ['a session of nobody', 'x', ['--session', 'ses_0'], 1, /there is no session "ses_0"/],
    ['no conversation to go on with', 'x', ['--continue'], 1, /there is no conversation of/],
    ['two conversations at once', 'x', ['--continue', '--session', 'ses_0'], 2, /give one/],
  ])('with %s ends with one line on stderr', async (_, input, argv, code, words) => {
    const ended = await piped(input, ...argv)
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).toMatch(words)
    expect(ended.stderr.trim().split('\n')).toHaveLength(1)
  })

  it('whose provider fails says so and ends with 1', async () => {
    provider.script({ status: 400 })
    const ended = await piped('x')
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(/^metis-gateway: /)
  })
})
