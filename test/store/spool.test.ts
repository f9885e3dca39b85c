import { appendFileSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSpools, spooledIn } from '../../runtimes/node/spool.ts'
import type { Logger } from '../../src/services.ts'
import { removeInstance } from '../../src/store/instances.ts'
import { entryOf, lineOf } from '../../src/store/spool.ts'
import type { Spool, SpoolEntry } from '../../src/store/spool.ts'
import { sweepOrphans } from '../../src/store/sweep.ts'
import type { SweepParts } from '../../src/store/sweep.ts'
import { within } from '../support/deadline.ts'
import { turnOf } from '../support/turns.ts'
import { openStore, silent, temporaryFolder } from './open-store.ts'
import type { OpenStore } from './open-store.ts'
import { brokenSpool, liveOn, noPrices, register, wholeTurns } from './process-life.ts'

const free = { mustCommit: false }
const late = { deferred: true }

describe('a line of the spool', () => {
  const { opened, closed } = turnOf(1)
  const entries: readonly { what: string; entry: SpoolEntry }[] = [
    { what: 'a turn that was opened', entry: { kind: 'opened', opened } },
    { what: 'a turn that was refused', entry: { kind: 'refused', refused: { route: opened.route, turn: closed.turn } } },
    { what: 'an answer', entry: { kind: 'closed', closed } },
    { what: 'a failure', entry: { kind: 'closed', closed: turnOf(2, { end: 'failed' }).closed } },
    { what: 'an answer without a price', entry: { kind: 'closed', closed: turnOf(3, { costNanoUsd: null }).closed } },
    { what: 'an end without a call', entry: { kind: 'closed', closed: { ...closed, call: null } } },
  ]
  it.each(entries)('says all there is to $what', ({ entry }) => {
    expect(lineOf(entry)).not.toContain('\n')
    expect(entryOf(lineOf(entry))).toEqual(entry)
  })

  it.each([
    { what: 'empty', line: '' },
    { what: 'cut', line: lineOf({ kind: 'closed', closed }).slice(0, -9) },
    { what: 'of another kind', line: '{"kind":"reopened"}' },
    { what: 'without its turn', line: '{"kind":"opened"}' },
    { what: 'no JSON', line: '\0\0\0' },
  ])('is passed over when it is $what', ({ line }) => {
    expect(entryOf(line)).toBeNull()
  })
})

describe('while the store is away', () => {
  let folder = temporaryFolder()
  let store: OpenStore
  beforeEach(async () => {
    folder = temporaryFolder()
    store = await openStore(join(folder.path, 'metis.db'))
  })
  afterEach(async () => {
    await store.close()
    folder.remove()
  })
  const spools = () => readdirSync(folder.path).filter((name) => name.startsWith('spool-'))
  const kindsIn = (file: string) =>
    readFileSync(join(folder.path, file), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => entryOf(line)?.kind)

  it('a turn goes to a file of its owner alone, and from there to the store when it is back', async () => {
    const life = liveOn(store.storage, { spool: createSpools(folder.path)('one') })
    await life.traces.openTurn(turnOf(0).opened, free)
    expect(spools()).toEqual([])
    life.away = true
    const opening = life.traces.openTurn(turnOf(1).opened, free)
    await life.clock.advance(1200)
    expect(await opening).toEqual(late)
    expect(await life.traces.closeTurn(turnOf(0).closed)).toEqual(late)
    expect(await life.traces.closeTurn(turnOf(1).closed)).toEqual(late)
    expect(spools()).toEqual(['spool-one.jsonl'])
    expect(statSync(join(folder.path, 'spool-one.jsonl')).mode & 0o777).toBe(0o600)
    expect(kindsIn('spool-one.jsonl')).toEqual(['opened', 'closed', 'closed'])
    life.away = false
    await life.back()
    expect(spools()).toEqual([])
    expect(await wholeTurns(store.storage)).toEqual({ ok: ['turn-0', 'turn-1'], interrupted: [], refused: [], open: [] })
  })

  it('only the first turn waits a second: the others follow it at once', async () => {
    const life = liveOn(store.storage, { spool: createSpools(folder.path)('one') })
    life.away = true
    const first = life.traces.openTurn(turnOf(1).opened, free)
    await life.clock.advance(1200)
    await first
    expect(life.queue.state().waiting).toBe(1)
    const { opened, closed } = turnOf(2)
    expect(await within(10_000, 'a turn behind it', life.traces.openTurn(opened, free))).toEqual(late)
    expect(await within(10_000, 'a refusal', life.traces.refuseTurn(turnOf(3).opened.route, turnOf(3).closed.turn))).toEqual(late)
    expect(await within(10_000, 'its end', life.traces.closeTurn(closed))).toEqual(late)
    expect(life.queue.state().waiting).toBe(1)
    const capped = expect(life.traces.openTurn(turnOf(4).opened, { mustCommit: true })).rejects.toMatchObject({
      code: 'store_unavailable',
    })
    await life.clock.advance(1200)
    await capped
    life.away = false
    await life.back()
    expect(await wholeTurns(store.storage)).toEqual({ ok: ['turn-2'], interrupted: [], refused: ['turn-3'], open: ['turn-1'] })
  })

  it('turns wait in memory when the spool cannot be written either, and what has no room is counted', async () => {
    const life = liveOn(store.storage, { spool: brokenSpool, maxLinesInMemory: 3 })
    life.away = true
    const first = life.traces.openTurn(turnOf(1).opened, free)
    await life.clock.advance(1200)
    await first
    for (const number of [2, 3, 4, 5]) expect(await life.traces.openTurn(turnOf(number).opened, free)).toEqual(late)
    for (const number of [1, 2, 3, 4, 5]) expect(await life.traces.closeTurn(turnOf(number).closed)).toEqual(late)
    expect(life.traces.untracedTurns()).toBe(2)
    life.away = false
    await life.back()
    expect(await wholeTurns(store.storage)).toMatchObject({ ok: ['turn-1', 'turn-2', 'turn-3'], open: [] })
    const gap = await store.storage.db.selectFrom('events').select('payload_json').where('type', '=', 'trace.gap').execute()
    expect(gap.map((row): unknown => JSON.parse(row.payload_json))).toEqual([
      { instance_id: 'one', from_us: turnOf(4).opened.startedUs, to_us: turnOf(5).opened.startedUs, count: 2 },
    ])
  })

  it('what waited in memory moves to the spool as soon as that can be written', async () => {
    const file = createSpools(folder.path)('one')
    let broken = true
    const spool: Spool = { ...file, append: (lines) => (broken ? brokenSpool.append(lines) : file.append(lines)) }
    const life = liveOn(store.storage, { spool })
    life.away = true
    const first = life.traces.openTurn(turnOf(1).opened, free)
    await life.clock.advance(1200)
    await first
    broken = false
    await life.traces.closeTurn(turnOf(1).closed)
    expect(kindsIn('spool-one.jsonl')).toEqual(['opened', 'closed'])
    life.away = false
    await life.back()
    expect(await wholeTurns(store.storage)).toMatchObject({ ok: ['turn-1'], open: [] })
  })

  it('a start that ends leaves its turns to the next one', async () => {
    const life = liveOn(store.storage, { spool: createSpools(folder.path)('one') })
    life.away = true
    const first = life.traces.openTurn(turnOf(1).opened, free)
    await life.clock.advance(1200)
    await first
    await life.traces.closeTurn(turnOf(1).closed)
    expect(life.traces.close()).toBe(false)
    life.queue.close()
    await life.clock.advance(2000)
    life.away = false
    await life.clock.advance(2000)
    expect(kindsIn('spool-one.jsonl')).toEqual(['opened', 'closed'])
  })
})

describe('the spool of a dead process', () => {
  let folder = temporaryFolder()
  let store: OpenStore
  const told: string[] = []
  const sweepParts = (logger: Logger = silent): SweepParts => {
    const spoolOf = createSpools(folder.path)
    return { ...store, logger, prices: noPrices, isDead: ({ id }) => id === 'dead', spoolOf }
  }
  const sweep = (logger?: Logger) => sweepOrphans(sweepParts(logger))
  beforeEach(async () => {
    folder = temporaryFolder()
    store = await openStore(join(folder.path, 'metis.db'))
    await register(store, 'dead')
    told.length = 0
  })
  afterEach(async () => {
    await store.close()
    folder.remove()
  })
  const leave = (...entries: readonly SpoolEntry[]) => createSpools(folder.path)('dead').append(entries.map(lineOf))
  const openedLine = (number: number): SpoolEntry => ({ kind: 'opened', opened: turnOf(number).opened })
  const closedLine = (number: number): SpoolEntry => ({ kind: 'closed', closed: turnOf(number).closed })

  it('is replayed before what it left open is closed as interrupted, and then removed', async () => {
    const dead = liveOn(store.storage, { spool: brokenSpool, instanceId: 'dead' })
    await dead.traces.openTurn(turnOf(1).opened, free)
    leave(openedLine(2), closedLine(1), openedLine(3), closedLine(2))
    expect(await sweep()).toBe(1)
    expect(await wholeTurns(store.storage)).toEqual({ ok: ['turn-1', 'turn-2'], interrupted: ['turn-3'], refused: [], open: [] })
    expect(readdirSync(folder.path).filter((name) => name.startsWith('spool'))).toEqual([])
  })

  it('is replayed after another host has swept the process itself, where spools are looked for', async () => {
    await removeInstance(store, 'dead')
    leave(openedLine(1), closedLine(1), openedLine(2))
    expect(await sweepOrphans({ ...sweepParts(), spooled: () => spooledIn(folder.path) })).toBe(1)
    expect(await wholeTurns(store.storage)).toEqual({ ok: ['turn-1'], interrupted: ['turn-2'], refused: [], open: [] })
    expect(spooledIn(folder.path)).toEqual([])
  })

  it('is on record once, however many replay it and however often', async () => {
    const numbers = Array.from({ length: 150 }, (_, number) => number)
    const lines = numbers.flatMap((number) => [openedLine(number), closedLine(number)])
    leave(...lines)
    await Promise.all([sweep(), sweep(), sweep()])
    await register(store, 'dead')
    leave(...lines)
    await sweep()
    const { ok, ...others } = await wholeTurns(store.storage)
    expect(ok).toHaveLength(150)
    expect(others).toEqual({ interrupted: [], refused: [], open: [] })
  })

  it('loses no more than the line that the crash has cut, and tells of it', async () => {
    leave(openedLine(1), closedLine(1), openedLine(2))
    appendFileSync(join(folder.path, 'spool-dead.jsonl'), lineOf(closedLine(2)).slice(0, 700))
    await sweep({ log: (_, message) => told.push(message) })
    expect(await wholeTurns(store.storage)).toEqual({ ok: ['turn-1'], interrupted: ['turn-2'], refused: [], open: [] })
    expect(told).toEqual(['lines of a spool cannot be read and are passed over'])
  })

  it('that cannot be read keeps its turns open: their ends may be in it', async () => {
    const dead = liveOn(store.storage, { spool: brokenSpool, instanceId: 'dead' })
    await dead.traces.openTurn(turnOf(1).opened, free)
    mkdirSync(join(folder.path, 'spool-dead.jsonl'))
    expect(await sweep({ log: (_, message) => told.push(message) })).toBe(0)
    expect(await wholeTurns(store.storage)).toMatchObject({ open: ['turn-1'], interrupted: [] })
    expect(told).toEqual(['the spool of a dead gateway cannot be replayed now; its turns stay open'])
  })
})
