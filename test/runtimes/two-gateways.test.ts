// Two gateways are one: what is true of a key in one is so in the other, and one sees to what the other left behind. Real
// processes on one database.
import process from 'node:process'
import { join } from 'node:path'
import { rmSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { deferred, eventually, within } from '../support/deadline.ts'
import { root } from '../support/import-graph.ts'
import { parseObject } from '../support/json.ts'
import { openProgramHome, type ProgramGateway, type ProgramHome } from '../support/program-gateway.ts'
import { startProcess, temporaryHome } from '../support/program.ts'
import { databaseFor } from '../support/test-database.ts'

let home: ProgramHome
let gateways: readonly [ProgramGateway, ProgramGateway]
beforeEach(async () => {
  home = await openProgramHome()
  gateways = [await home.start(), await home.start()]
})
afterEach(() => home.remove())

const statuses = (token: string): Promise<readonly number[]> =>
  Promise.all(
    gateways.map(async (gateway) => {
      const answer = await gateway.ask({ token, stream: false })
      await answer.text()
      return answer.status
    }),
  )

it('a key that is issued, rotated or revoked anywhere is so in both within a second', async () => {
  const issued = parseObject((await home.run('issue-key', '--name', 'second', '--workspace', '.', '--json')).stdout)
  const [token, keyId] = [String(issued['token']), String(issued['key_id'])]
  await eventually(10_000, 'both to take the key', async () => String(await statuses(token)) === '200,200')
  const rotated = parseObject((await home.run('rotate-key', keyId, '--grace-period', '0s', '--json')).stdout)
  await eventually(10_000, 'both to refuse the predecessor', async () => String(await statuses(token)) === '401,401')
  await eventually(
    10_000,
    'both to take the successor',
    async () => String(await statuses(String(rotated['token']))) === '200,200',
  )
  await home.run('revoke-key', String(rotated['key_id']))
  await eventually(10_000, 'both to refuse it', async () => String(await statuses(String(rotated['token']))) === '401,401')
})

it('what a killed one left open is closed by the other, whose own turns go on', async () => {
  const [first, second] = gateways
  const swept = deferred()
  home.provider.script({ fault: 'stall-mid' }, { holdMid: swept.promise })
  const cut = await first.ask()
  const running = await second.ask()
  first.program.signal('SIGKILL')
  await first.program.ended
  await expect(cut.text()).rejects.toThrow()
  const statusOf = async (answer: Response) =>
    (await home.turns()).get(answer.headers.get('x-metis-turn-id') ?? '')?.at(-1)?.payload['status']
  await eventually(15_000, 'the sweep', async () => (await statusOf(cut)) === 'interrupted')
  swept.resolve()
  expect(await running.text()).toContain('message_stop')
  expect(await statusOf(running)).toBe('ok')
})

it('one is killed again and again under load while the other serves: lost 0, doubled 0', { timeout: 60_000 }, async () => {
  const folder = temporaryHome()
  const db = await databaseFor(join(folder, 'metis.db'))
  const flags = ['--count', '3', '--clients', '8', '--others', '1', '--db', db]
  const kills = startProcess(process.execPath, [join(root, 'scripts/kill9.mjs'), ...flags], { home: folder, cwd: root })
  const code = await within(55_000, 'the end of three kills', kills.ended)
  rmSync(folder, { recursive: true, force: true })
  expect([code, kills.stdout()]).toEqual([
    0,
    expect.stringContaining('lost 0, doubled 0, orphans 0, whole answers called INTERRUPTED 0, out of order 0, integrity ok'),
  ])
})
