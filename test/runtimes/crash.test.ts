// kill -9 (reliability.md §1): what clients saw whole is on record as such, what was running is closed at the next start.
import process from 'node:process'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { deferred, within } from '../support/deadline.ts'
import { root } from '../support/import-graph.ts'
import { startProcess, temporaryHome } from '../support/program.ts'
import { openProgramHome, type ProgramHome } from '../support/program-gateway.ts'
import { databaseFor } from '../support/test-database.ts'
import { rmSync } from 'node:fs'

let home: ProgramHome | null = null
afterEach(async () => {
  await home?.remove()
  home = null
})

describe('a gateway that is killed', () => {
  it(
    'again and again under load loses nothing, doubles nothing, and calls no whole answer interrupted',
    { timeout: 60_000 },
    async () => {
      const folder = temporaryHome()
      const script = join(root, 'scripts/kill9.mjs')
      const db = await databaseFor(join(folder, 'metis.db'))
      const flags = ['--count', '4', '--clients', '12', '--db', db]
      const kills = startProcess(process.execPath, [script, ...flags], { home: folder, cwd: root })
      const code = await within(55_000, 'the end of four kills', kills.ended)
      rmSync(folder, { recursive: true, force: true })
      expect([code, kills.stdout()]).toEqual([
        0,
        expect.stringContaining('lost 0, doubled 0, orphans 0, whole answers called INTERRUPTED 0, out of order 0, integrity ok'),
      ])
    },
  )
})

describe('a second gateway on the same database', () => {
  it('closes no live turn of the first by its start, and both put their turns on record', async () => {
    home = await openProgramHome()
    const first = await home.start()
    const over = deferred()
    home.provider.script({ holdMid: over.promise })
    const running = await first.ask()
    const second = await home.start()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? first : second).ask({ stream: index % 3 === 0 })),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    await Promise.all(answers.map((answer) => answer.text()))
    over.resolve()
    expect(await running.text()).toContain('message_stop')
    const turns = await home.turns()
    expect(turns.size).toBe(21)
    for (const events of turns.values()) expect(events.at(-1)?.payload['status']).toBe('ok')
    expect(turns.get(running.headers.get('x-metis-turn-id') ?? '')?.length).toBe(3)
  })
})
