// Postgres crashes and comes back, as in a failover, while two gateways go on answering.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Client } from 'pg'
import { eventually, within } from '../support/deadline.ts'
import { openProgramHome, type ProgramGateway, type ProgramHome } from '../support/program-gateway.ts'
import { postgresBinaries, startPostgres, withoutPostgres, type PostgresServer } from '../support/postgres-server.ts'

const clientsOfEach = 3
const restarts = 2

describe.skipIf(postgresBinaries === null)(`a Postgres that restarts under load${withoutPostgres}`, () => {
  let server: PostgresServer
  let url = ''
  let home: ProgramHome
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    url = await server.database('restarts')
    home = await openProgramHome({}, { url })
  })
  afterEach(() => home.remove())

  it('behind two gateways: no answer fails or is cut, and afterwards each turn is on record: lost 0, doubled 0', async () => {
    const gateways = [await home.start(), await home.start()]
    const whole: string[] = []
    const others: unknown[] = []
    let deferred = 0
    const stopping = new AbortController()
    async function ask(gateway: ProgramGateway, stream: boolean): Promise<void> {
      const answer = await gateway.ask({ stream })
      const text = await answer.text()
      if (answer.headers.get('x-metis-trace') === 'deferred') deferred += 1
      if (answer.status === 200 && /message_stop"\}\s*$|"stop_reason":/.test(text))
        whole.push(answer.headers.get('x-metis-turn-id') ?? '')
      else others.push([answer.status, text])
    }
    async function goOnAsking(gateway: ProgramGateway, stream: boolean): Promise<void> {
      while (!stopping.signal.aborted) await ask(gateway, stream)
    }
    const asking = gateways.flatMap((gateway) =>
      Array.from({ length: clientsOfEach }, (_, nth) => goOnAsking(gateway, nth % 2 === 0)),
    )
    const more = (count: () => number, what: string) => {
      const had = count()
      return eventually(10_000, what, () => count() > had + 4 * clientsOfEach)
    }
    const areWell = async () => {
      const answers = await Promise.all(gateways.map((gateway) => fetch(`${gateway.url}/readyz`)))
      return answers.every(({ status }) => status === 200)
    }
    for (let restart = 0; restart < restarts; restart++) {
      await more(() => whole.length, 'answers')
      await server.kill()
      await more(() => deferred, 'answers without a store')
      await server.start()
      await eventually(10_000, 'both to have their store', areWell)
    }
    await more(() => whole.length, 'the last answers')
    stopping.abort()
    await within(10_000, 'the last client', Promise.all(asking))
    expect(others).toEqual([])
    for (const { program } of gateways) program.signal('SIGTERM')
    expect(await within(10_000, 'the end of both', Promise.all(gateways.map(({ program }) => program.ended)))).toEqual([0, 0])
    const turns = [...(await home.turns())].map(([turnId, events]) => [turnId, ...events.map(({ type }) => type)].join(' '))
    expect(turns.toSorted()).toEqual(
      whole.map((turnId) => `${turnId} route.decided llm.call_completed turn.completed`).toSorted(),
    )
    expect(await server.query(url, 'select sum(call_count)::int as calls from usage_hourly')).toEqual([{ calls: whole.length }])
    expect(await server.query(url, 'select turn_id from inflight')).toEqual([])
  })

  it('in the middle of what serve reads: that question fails, and serve goes on', async () => {
    const serve = await home.serve()
    const ask = () => fetch(`${serve.url}/analytics/by_key`)
    const holder = new Client({ connectionString: url })
    holder.on('error', () => undefined)
    await holder.connect()
    await holder.query('begin; lock table calls, usage_hourly in access exclusive mode')
    const asked = ask()
    const waits = `select from pg_locks where not granted`
    await eventually(5000, 'the question to wait', async () => (await server.query(url, waits)).length > 0)
    await server.kill()
    expect((await within(5000, 'its refusal', asked)).status).toBeGreaterThanOrEqual(500)
    await server.start()
    await eventually(5000, 'an answer', async () => (await ask()).status === 200)
  })
})
