// The runtime that programs under test run on: Node, or Bun in vitest's project `bun`; or the Worker, in `workers`.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'

/** null = this machine has none. */
export const bunBinary: string | null =
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'bun'))
    .find((path) => existsSync(path)) ?? null

export const onWorkers = process.env['METIS_TEST_RUNTIME'] === 'workers'
export const onBun = process.env['METIS_TEST_RUNTIME'] === 'bun'

export const runtimeBinary = onBun && bunBinary !== null ? bunBinary : process.execPath
