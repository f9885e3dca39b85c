// One Postgres for all suites of vitest's project `postgres`.
import type { TestProject } from 'vitest/node'
import { startPostgres, type PostgresServer } from './postgres-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Absent outside that project. */
    postgresUrl?: string
  }
}

let server: PostgresServer | null = null

export async function setup(project: TestProject): Promise<void> {
  server = await startPostgres()
  project.provide('postgresUrl', await server.database('suites'))
}

export async function teardown(): Promise<void> {
  await server?.stop()
}
