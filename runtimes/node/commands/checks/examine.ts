// All checks, in the order of a start.
import { pathsOf, type PathChoices } from '../../paths.ts'
import { defaultHost, defaultPort } from '../listening.ts'
import { checkClock } from './clock.ts'
import { checkConfig } from './config.ts'
import { checkDatabase } from './database.ts'
import type { Finding } from './finding.ts'
import { checkMode, guardedPaths } from './modes.ts'
import { checkPorts } from './ports.ts'
import { checkProviders, probeProvider } from './providers.ts'
import { checkRunningGateway } from './running-gateway.ts'

export interface Examination extends PathChoices {
  /** Mends file modes. */
  readonly fix: boolean
  /** Calls every provider once. */
  readonly probe: boolean
}

export async function examine(
  choices: Examination,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Finding[]> {
  const nowMs = Date.now()
  const paths = pathsOf(choices, env)
  const { findings, config } = checkConfig(paths, choices, env)
  const modes = await Promise.all(guardedPaths(paths).map((guarded) => checkMode(guarded, choices.fix)))
  const database = await checkDatabase(paths.database, nowMs * 1000)
  const providers = config?.providers ?? []
  return [
    ...findings,
    ...(config === null ? [] : checkProviders(providers, paths.configPath)),
    ...(choices.probe ? (await Promise.all(providers.map(probeProvider))).flat() : []),
    ...modes.filter((finding) => finding !== null),
    ...database.findings,
    ...(await checkPorts()),
    ...(await checkRunningGateway(`http://${defaultHost}:${defaultPort.gateway}`)),
    checkClock(nowMs, database.newestEventUs),
  ]
}
