// The gateway that a suite runs in front of: on Node (SQLite, or Postgres in vitest's project `postgres`), on Bun in `bun`, or as a
// Worker with a D1 in `workers`. The suites are the same.
import { ageHeartbeats, startWorkersGateway } from './workers-gateway.ts'
import { eventsIn, startTestGateway, type GatewayUnderTest, type TestGatewayOptions } from './gateway.ts'
import { askFor, openProgramHome, type AskOptions } from './program-gateway.ts'
import { onWorkers } from './runtime.ts'

export const startGatewayUnderTest = (options?: TestGatewayOptions): Promise<GatewayUnderTest> =>
  onWorkers ? startWorkersGateway(options) : startTestGateway(options)

/** A gateway that can be killed. */
export interface MortalGateway extends Pick<GatewayUnderTest, 'provider' | 'events' | 'stop'> {
  ask(options: AskOptions): Promise<Response>
  /** Kills it without a word, and starts it again on the same database. What it left open is closed by then. */
  crash(): Promise<void>
}

export const startMortalGateway = (): Promise<MortalGateway> => (onWorkers ? startMortalWorker() : startMortalProgram())

async function startMortalProgram(): Promise<MortalGateway> {
  const home = await openProgramHome()
  let gateway = await home.start()
  return {
    provider: home.provider,
    ask: (options) => gateway.ask(options),
    async crash() {
      gateway.program.signal('SIGKILL')
      await gateway.program.ended
      gateway = await home.start()
    },
    async events() {
      const storage = await home.open()
      try {
        return await eventsIn(storage)
      } finally {
        await storage.close()
      }
    },
    stop: () => home.remove(),
  }
}

/** The platform starts it by itself; what was open is closed by the cron trigger after 90 s of silence, which are not waited for. */
async function startMortalWorker(): Promise<MortalGateway> {
  const worker = await startWorkersGateway()
  return {
    provider: worker.provider,
    ask: (options) => askFor(worker.url, { token: worker.token, ...options }),
    async crash() {
      await worker.crash()
      await ageHeartbeats(worker.storage(), 91_000)
      await worker.scheduled()
    },
    events: () => worker.events(),
    stop: () => worker.stop(),
  }
}
