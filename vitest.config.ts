import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { ClosingLineReporter } from './test/support/closing-line-reporter.ts'
import { postgresBinaries } from './test/support/postgres-server.ts'
import { bunBinary } from './test/support/runtime.ts'

/** The vendors' SDKs, clients that leave, a crash: in front of every runtime and every database (test/support/under-test.ts). */
const everywhere = 'test/e2e/{anthropic-sdk,openai-sdk,openai-responses,tool-runner,leaving,crash}.test.ts'

/** Suites that say nothing of SQLite: they run again on Postgres, where this machine has one. */
const onPostgres = [
  'test/analytics/*.test.ts',
  everywhere,
  'test/e2e/rolling-restart.test.ts',
  'test/gateway/{cap-gauges,caps,identity-property,leaving,log-messages,spine,status-line,subscription}.test.ts',
  'test/runtimes/{caps-shared,crash,push,push-cuts,status-line-script,push-refusals,two-gateways,two-serves,upgrade}.test.ts',
  'test/store/{keys,spend,sweep,trace-store}.test.ts',
]

/** Suites that talk to a gateway over sockets: they run again in front of a program on Bun. */
const onBun = [
  'test/contract/gateway.test.ts',
  everywhere,
  'test/e2e/failures.test.ts',
  'test/gateway/{leaving,odd-answers,retries,routes,same-shape,spine}.test.ts',
  'test/runtimes/{crash,drain,two-gateways,two-serves}.test.ts',
  'test/serve/sessions.test.ts',
]

/** And in front of the Worker, in workerd with a D1: without `failures`, each of whose 78 cases wants a gateway of its own. */
const onWorkers = ['test/contract/gateway.test.ts', everywhere]

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Its own is a second, which a busy machine can take for anything.
    expect: { poll: { timeout: 10_000 } },
    // Suites wait for sockets, browsers and databases most of their time: on two cores, vitest would run one of them at once.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    globalSetup: ['test/support/dashboard-setup.ts'],
    reporters: ['default', new ClosingLineReporter()],
    projects: [
      { extends: true as const, test: { name: 'node', include: ['test/**/*.test.ts'] } },
      ...(postgresBinaries === null
        ? []
        : [
            {
              extends: true as const,
              test: { name: 'postgres', include: onPostgres, globalSetup: ['test/support/postgres-setup.ts'] },
            },
          ]),
      { extends: true as const, test: { name: 'workers', include: onWorkers, env: { METIS_TEST_RUNTIME: 'workers' } } },
      ...(bunBinary === null
        ? []
        : [{ extends: true as const, test: { name: 'bun', include: onBun, env: { METIS_TEST_RUNTIME: 'bun' } } }]),
    ],
  },
})
