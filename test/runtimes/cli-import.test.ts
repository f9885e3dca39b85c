// Session logs of clients become history: each call once, last line wins, wire rows win over logs.
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commandHome, type CommandHome } from '../support/command-home.ts'
import { turnOf } from '../support/turns.ts'

const logs = fileURLToPath(new URL('../fixtures/session-logs/', import.meta.url))
let at: CommandHome
beforeEach(() => {
  at = commandHome()
  cpSync(join(logs, 'claude-code'), at.path('.claude'), { recursive: true })
  cpSync(join(logs, 'codex'), at.path('.codex'), { recursive: true })
})
afterEach(() => at.remove())

const calls = () =>
  at.inStore(({ storage }) => storage.db.selectFrom('calls').selectAll().orderBy('timestamp_us').orderBy('turn_id').execute())
const ledger = async () => (await at.run('doctor', 'ledger')).stdout
const json = async (...argv: string[]) => JSON.parse((await at.run(...argv, '--json')).stdout)
const session = '7f3c1a52-90ab-4a6e-8d5e-2b1f6c0d9e11'

describe('import claude-code', () => {
  it('finds the logs and counts each answer once, by its last line, subagents included', async () => {
    const { code, lines } = await at.run('import', 'claude-code')
    expect([code, lines]).toEqual([
      0,
      [
        expect.stringMatching(
          /^5 calls in 3 logs: 5 imported \(\$0\.\d\d at list price\), 0 were there, 0 are on record from the wire$/,
        ),
      ],
    ])
    const rows = await calls()
    const shown = rows.map((row) => [
      row.model,
      row.input_tokens,
      row.cached_input_tokens,
      row.cache_creation_input_tokens,
      row.cache_creation_1h_tokens,
      row.output_tokens,
      row.cost_nano_usd,
    ])
    expect(shown).toEqual([
      // 4 x 5000 + 18000 x 500 + 512 x 10000 + 211 x 25000
      ['anthropic:claude-opus-4-8', 4, 18_000, 512, 512, 211, 19_415_000],
      // 900 x 1000 + 45 x 5000
      ['anthropic:claude-haiku-4-5-20251001', 900, 0, 0, 0, 45, 1_125_000],
      // 2 x 5000 + 18512 x 500 + 300 x 6250 + 57 x 25000 + 2 searches
      ['anthropic:claude-opus-4-8', 2, 18_512, 300, 0, 57, 32_566_000],
      // 7 x 3000 + 100 x 300 + 99 x 15000
      ['anthropic:claude-sonnet-4-5-20250929', 7, 100, 0, 0, 99, 1_536_000],
      // The log's own figure: no list has this model.
      ['anthropic:claude-nobody-knows', 10, 0, 0, 0, 20, 12_500_000],
    ])
    expect(rows[0]).toMatchObject({
      session_id: session,
      cost_basis: 'imported',
      client: 'claude-code',
      workspace: '/srv/gateway',
      project: 'gateway',
      branch: 'feat/import',
      gateway_key_id: null,
      user_id: null,
      status: 'ok',
      stop_reason: 'tool_use',
      tool_calls: 1,
      latency_ms: 7500,
    })
    expect(rows.at(-1)).toMatchObject({ branch: null, project: 'gateway' })
    expect(await ledger()).toContain('ok     the same in')
  })

  it('changes nothing when it is run again, and tells a call anew whose log went on', async () => {
    await at.run('import', 'claude-code')
    const before = await calls()
    expect(await json('import', 'claude-code')).toMatchObject({ calls: 5, written: 0, known: 5 })
    expect(await calls()).toEqual(before)
    const log = at.path('.claude/projects/-srv-gateway/aa01bb02-cc03-4d04-8e05-ff06aa07bb08.jsonl')
    const [last] = readFileSync(log, 'utf8').trim().split('\n').slice(-2)
    const more = JSON.parse(last ?? '{}')
    appendFileSync(
      log,
      `${JSON.stringify({ ...more, uuid: 'a9b', message: { ...more.message, usage: { ...more.message.usage, output_tokens: 150 } } })}\n`,
    )
    expect(await json('import', 'claude-code')).toMatchObject({ written: 1, known: 4 })
    expect((await calls())[3]).toMatchObject({ output_tokens: 150, timestamp_us: before[3]?.timestamp_us })
    expect(await calls()).toHaveLength(5)
    expect(await ledger()).toContain('ok     the same in')
    expect((await at.run('rebuild')).code).toBe(0)
    expect(await ledger()).toContain('ok     the same in')
  })

  it('leaves what the wire has, and measures what the logs miss of it', async () => {
    await at.inStore(async ({ traces }) => {
      for (const [number, requestId, output] of [
        [1, 'req_011A', 600],
        [2, 'req_011B', 124],
      ] as const) {
        const { opened, closed } = turnOf(number)
        const { call } = closed
        if (call?.type !== 'llm.call_completed') throw new Error('a call that failed')
        const atUs = Date.UTC(2026, 10, 20, 9, 0, number) * 1000
        const payload = { ...call.payload, upstream_request_id: requestId, output_tokens: output }
        const own = { sessionId: session, timestampUs: atUs }
        await traces.openTurn({ ...opened, route: { ...opened.route, ...own } }, { mustCommit: false })
        await traces.closeTurn({ ...closed, call: { ...call, ...own, payload }, turn: { ...closed.turn, ...own } })
      }
    })
    const { lines } = await at.run('import', 'claude-code')
    expect(lines[0]).toMatch(/^5 calls in 3 logs: 3 imported .* 2 are on record from the wire$/)
    expect(lines[1]).toBe('these logs undercount output 2.7 ×: 268 tokens in them, 724 on the wire, of the same 2 calls')
    expect((await calls()).filter((row) => row.cost_basis !== 'imported').map((row) => row.turn_id)).toEqual(['turn-1', 'turn-2'])
    expect(await ledger()).toContain('ok     the same in')
  })

  it('prices what it imported again as what it is', async () => {
    mkdirSync(at.home, { mode: 0o700 })
    await at.run('import', 'claude-code')
    writeFileSync(join(at.home, 'config.yaml'), 'prices: { "anthropic:claude-nobody-knows": { input: 1, output: 1 } }\n', {
      mode: 0o600,
    })
    expect(await json('reprice', '--since', '2026-11-01')).toMatchObject({ looked: 5, adjusted: 1 })
    expect((await calls()).at(-1)).toMatchObject({ cost_nano_usd: 30_000, cost_basis: 'imported' })
    expect(await json('import', 'claude-code')).toMatchObject({ written: 0, known: 5 })
    expect(await ledger()).toContain('ok     the same in')
  })

  it('leaves what the wire has when the client named another session to it, and when its events were pruned', async () => {
    const play = (number: number, sessionId: string, requestId: string) =>
      at.inStore(async ({ traces }) => {
        const { opened, closed } = turnOf(number)
        const { call } = closed
        if (call?.type !== 'llm.call_completed') throw new Error('a call that failed')
        const own = { sessionId, timestampUs: Date.UTC(2026, 10, 20, 9, 0, number) * 1000 }
        const payload = { ...call.payload, upstream_request_id: requestId }
        await traces.openTurn({ ...opened, route: { ...opened.route, ...own } }, { mustCommit: false })
        await traces.closeTurn({ ...closed, call: { ...call, ...own, payload }, turn: { ...closed.turn, ...own } })
      })
    await play(1, 'ci-job-7', 'req_011A')
    expect(await json('import', 'claude-code')).toMatchObject({ calls: 5, written: 4, on_wire: 1, wire_output_tokens: 20 })
    await play(2, session, 'req_011B')
    const before = await calls()
    const age = `${Math.ceil((Date.now() - Date.UTC(2026, 10, 21)) / 60_000)}m`
    await at.run('prune', '--older-than', age)
    expect(await json('import', 'claude-code')).toMatchObject({ calls: 5, written: 0 })
    expect(await calls()).toEqual(before)
  })

  it('leaves what it imported as it is when its events were pruned, whatever the price list says by then', async () => {
    mkdirSync(at.home, { mode: 0o700 })
    await at.run('import', 'claude-code')
    const before = await calls()
    await at.run('prune', '--older-than', '0s')
    writeFileSync(join(at.home, 'config.yaml'), 'prices: { "anthropic:*": { input: 1, output: 1 } }\n', { mode: 0o600 })
    expect(await json('import', 'claude-code')).toMatchObject({ written: 0, known: 5 })
    expect(await calls()).toEqual(before)
    expect(await ledger()).toContain('5 of them have no events any more: pruned')
  })

  it('imports each call once when two imports run at one time', async () => {
    await Promise.all([at.run('import', 'claude-code'), at.run('import', 'claude-code'), at.run('import', 'codex')])
    expect(await calls()).toHaveLength(8)
    expect(await ledger()).toContain('ok     the same in')
  })

  it('keeps whom calls count for when it is run again without a word on it', async () => {
    await at.run('user', 'add', 'ada')
    await at.run('import', 'claude-code', '--user', 'ada')
    expect(await json('import', 'claude-code')).toMatchObject({ written: 0, known: 5 })
    expect(new Set((await calls()).map((row) => row.user_id))).toEqual(new Set(['ada']))
  })

  const answer = (id: string, over: object, message: object = {}) =>
    JSON.stringify({
      type: 'assistant',
      uuid: id,
      timestamp: '2026-11-20T09:00:00.000Z',
      sessionId: 'hostile',
      requestId: id,
      ...over,
      message: { id, model: 'claude-opus-4-8', usage: { input_tokens: 1, output_tokens: 2 }, ...message },
    })

  it('survives any line: what cannot be a call is none, and the rest is counted', async () => {
    rmSync(at.path('.claude'), { recursive: true })
    mkdirSync(at.path('.claude/projects/p'), { recursive: true })
    const lines = [
      '\u0000\ufffe garbage',
      '{"type":"assistant"',
      '[]',
      'null',
      '"x"',
      `{"x":"${'z'.repeat(3_000_000)}"}`,
      answer('dear', { costUSD: 1e300 }, { model: 'claude-nobody-knows' }),
      answer('many', {}, { usage: { input_tokens: Number.MAX_SAFE_INTEGER, output_tokens: 3 } }),
      answer('minus', {}, { usage: { input_tokens: -5, output_tokens: 4 } }),
      answer('early', { timestamp: '0001-01-01T00:00:00.000Z' }),
      answer('late', { timestamp: '9999-01-01T00:00:00.000Z' }),
      `${answer('good', {})}\r`,
      answer('last', {}),
    ]
    writeFileSync(at.path('.claude/projects/p/hostile.jsonl'), lines.join('\n'))
    const { code, lines: printed } = await at.run('import', 'claude-code')
    expect([code, printed[1]]).toEqual([0, '2 are left out: their time is before 1970 or has not come yet'])
    const rows = await calls()
    expect(rows.map((row) => [row.input_tokens, row.output_tokens, row.cost_nano_usd === null]).toSorted()).toEqual([
      [0, 3, false],
      [0, 4, false],
      [1, 2, false],
      [1, 2, false],
      [1, 2, true],
    ])
    expect(await ledger()).toContain('ok     the same in')
  })

  it('follows links, each file once, and reads the other logs where one cannot be read', async () => {
    const projects = at.path('.claude/projects')
    renameSync(join(projects, '-srv-gateway'), at.path('elsewhere'))
    symlinkSync(at.path('elsewhere'), join(projects, '-srv-gateway'))
    symlinkSync(projects, join(projects, 'round-and-round'))
    expect(await json('import', 'claude-code', '--dry-run')).toMatchObject({ files: 3, calls: 5, unreadable: [] })
    // Reading the first bytes of a process' memory is an error for everybody, root too.
    const broken = join(projects, 'broken.jsonl')
    symlinkSync('/proc/self/mem', broken)
    const { code, lines, stderr } = await at.run('import', 'claude-code')
    expect([code, lines[0]]).toEqual([1, expect.stringMatching(/^5 calls in 4 logs: 5 imported/)])
    expect(stderr).toBe(`${broken} could not be read: check the owner and mode, then import again`)
  })

  it('says with --dry-run what it would do', async () => {
    const { lines } = await at.run('import', 'claude-code', '--dry-run')
    expect(lines[0]).toContain('5 would be imported')
    expect(await calls()).toEqual([])
  })

  it('counts for a user and a team that are there', async () => {
    expect(await at.run('import', 'claude-code', '--user', 'ada')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no user "ada"'),
    })
    await at.run('user', 'add', 'ada')
    await at.run('import', 'claude-code', '--user', 'ada')
    expect(new Set((await calls()).map((row) => row.user_id))).toEqual(new Set(['ada']))
  })

  it('takes a path, and says where it looked when there is nothing', async () => {
    expect(
      await json('import', 'claude-code', '.claude/projects/-srv-gateway/aa01bb02-cc03-4d04-8e05-ff06aa07bb08.jsonl'),
    ).toMatchObject({ files: 1, calls: 3 })
    expect(await at.run('import', 'claude-code', 'nowhere')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there are no session logs in'),
    })
  })

  it('keeps nothing of what was said', async () => {
    await at.run('import', 'claude-code')
    const events = await at.inStore(({ storage }) => storage.db.selectFrom('events').select('payload_json').execute())
    expect(JSON.stringify(events)).not.toContain('not kept')
  })
})

describe('import codex', () => {
  it('counts each call once, by its share or by what its totals grew', async () => {
    const { code, lines } = await at.run('import', 'codex')
    expect([code, lines[0]]).toEqual([0, expect.stringMatching(/^3 calls in 1 logs: 3 imported/)])
    const rows = await calls()
    expect(
      rows.map((row) => [
        row.model,
        row.input_tokens,
        row.cached_input_tokens,
        row.output_tokens,
        row.reasoning_tokens,
        row.cost_nano_usd,
      ]),
    ).toEqual([
      // 4000 x 2500 + 8000 x 250 + 700 x 15000
      ['openai:gpt-5.4', 4000, 8000, 700, 400, 22_500_000],
      // 2000 x 2500 + 11000 x 250 + 250 x 15000
      ['openai:gpt-5.4', 2000, 11_000, 250, 0, 11_500_000],
      // 600 x 250 + 40 x 2000
      ['openai:gpt-5-mini', 600, 0, 40, 0, 230_000],
    ])
    expect(rows[2]).toMatchObject({
      client: 'codex',
      project: 'api',
      workspace: '/srv/billing/api',
      branch: 'main',
      cost_basis: 'imported',
    })
    expect(await json('import', 'codex')).toMatchObject({ written: 0, known: 3 })
    expect(await ledger()).toContain('ok     the same in')
  })

  it('counts what a fork tells of its parent once, whatever times it bears, and what is its own', async () => {
    const folder = at.path('.codex/sessions/2026/11/22')
    const parentLog = readdirSync(folder).find((name) => name.startsWith('rollout-')) ?? ''
    const parent = readFileSync(join(folder, parentLog), 'utf8').trim().split('\n')
    const at2 = (ms: number) => new Date(Date.UTC(2026, 10, 22, 12) + ms).toISOString()
    const told = (ms: number, input: number, output: number, lastInput: number, lastOutput: number) =>
      JSON.stringify({
        timestamp: at2(ms),
        type: 'event_msg',
        payload: {
          type: 'token_count',
          info: {
            total_token_usage: {
              input_tokens: input,
              cached_input_tokens: 19_000,
              output_tokens: output,
              reasoning_output_tokens: 400,
            },
            last_token_usage: {
              input_tokens: lastInput,
              cached_input_tokens: 0,
              output_tokens: lastOutput,
              reasoning_output_tokens: 0,
            },
          },
        },
      })
    const fork = (id: string, meta: object, own: readonly string[], copied: readonly string[]) =>
      writeFileSync(
        join(folder, `rollout-2026-11-22T12-00-00-${id}.jsonl`),
        [
          JSON.stringify({ timestamp: at2(0), type: 'session_meta', payload: { id, cwd: '/srv/fork', ...meta } }),
          ...copied,
          ...own,
        ].join('\n'),
      )
    const restamped = parent.map((line, index) => JSON.stringify({ ...JSON.parse(line), timestamp: at2(index) }))
    const parentId = '019a9776-0a34-7842-8627-112b63d66e90'
    // With the times of the copying, with their own, and an older one that names no parent.
    fork('f1', { forked_from_id: parentId }, [told(9000, 26_000, 1000, 400, 10)], restamped)
    fork('f2', { forked_from_id: parentId }, [told(9000, 27_000, 1100, 1400, 110)], parent)
    fork('f3', {}, [told(9000, 28_000, 1200, 2400, 210)], restamped)
    expect(await json('import', 'codex')).toMatchObject({ files: 4, calls: 6, written: 6 })
    expect((await calls()).map((row) => row.input_tokens).toSorted((a, b) => a - b)).toEqual([400, 600, 1400, 2000, 2400, 4000])
    // Alone, and without the log of its parent: told by how fast it was written.
    expect(await json('import', 'codex', join(folder, 'rollout-2026-11-22T12-00-00-f1.jsonl'))).toMatchObject({
      calls: 1,
      written: 0,
    })
    mkdirSync(at.path('.codex/archived_sessions'))
    renameSync(join(folder, parentLog), at.path(`.codex/archived_sessions/${parentLog}`))
    expect(await json('import', 'codex')).toMatchObject({ files: 4, calls: 6, written: 0 })
    expect(await ledger()).toContain('ok     the same in')
  })

  it('leaves a session that is on the wire to the wire', async () => {
    await at.inStore(async ({ traces }) => {
      const { opened, closed } = turnOf(1)
      const own = { sessionId: '019a9776-0a34-7842-8627-112b63d66e90' }
      if (closed.call === null) throw new Error('a turn without a call')
      await traces.openTurn({ ...opened, route: { ...opened.route, ...own } }, { mustCommit: false })
      await traces.closeTurn({ ...closed, call: { ...closed.call, ...own }, turn: { ...closed.turn, ...own } })
    })
    expect(await json('import', 'codex')).toMatchObject({
      calls: 3,
      written: 0,
      on_wire: 3,
      wire_output_tokens: 20,
      logged_output_tokens: 990,
    })
  })
})
