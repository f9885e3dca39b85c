// `doctor`: looks at everything a start depends on, and says for each fault what mends it.
import { pathsOf } from '../paths.ts'
import { checkClock } from './checks/clock.ts'
import { checkConfig } from './checks/config.ts'
import { checkDatabase } from './checks/database.ts'
import type { Finding } from './checks/finding.ts'
import { checkMode, guardedPaths } from './checks/modes.ts'
import { checkPorts } from './checks/ports.ts'
import { checkProviders, probeProvider } from './checks/providers.ts'
import { defineCommand } from './command.ts'
import { configFlag, dbFlag, jsonFlag, toggle } from './flags.ts'

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'check configuration, database, keys, ports and clock',
  flags: {
    fix: toggle('mend file modes'),
    probe: toggle('try every provider with one call that costs nothing'),
    db: dbFlag,
    config: configFlag,
    json: jsonFlag,
  },
  examples: ['metis-gateway doctor', 'metis-gateway doctor --fix --probe'],
  async run({ flags, io }) {
    const nowMs = Date.now()
    const paths = pathsOf(flags, io.env)
    const { findings: configured, config } = checkConfig(paths, flags, io.env)
    const modes = await Promise.all(guardedPaths(paths).map((guarded) => checkMode(guarded, flags.fix)))
    const database = await checkDatabase(paths.dbPath, nowMs * 1000)
    const providers = config?.providers ?? []
    const findings: readonly Finding[] = [
      ...configured,
      ...(config === null ? [] : checkProviders(providers, paths.configPath)),
      ...(flags.probe ? await Promise.all(providers.map(probeProvider)) : []),
      ...modes.filter((finding) => finding !== null),
      ...database.findings,
      ...(await checkPorts()),
      checkClock(nowMs, database.newestEventUs),
    ]
    const ok = findings.every(({ level }) => level !== 'fault')
    if (flags.json) io.out(JSON.stringify({ ok, data: findings }))
    else for (const line of findings.flatMap(linesOf)) io.out(line)
    return ok ? 0 : 1
  },
})

function linesOf({ level, check, message, mend }: Finding): readonly string[] {
  const first = `${level.padEnd(7)}  ${check.padEnd(9)}  ${message}`
  return mend === undefined ? [first] : [first, `${''.padEnd(18)}  → ${mend}`]
}
