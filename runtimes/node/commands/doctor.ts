// `doctor`: looks at everything a start depends on, and says for each fault what mends it.
import type { Finding } from './checks/finding.ts'
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
  examples: [
    'metis-gateway doctor',
    'metis-gateway doctor --fix --probe',
    'metis-gateway doctor ledger',
    'metis-gateway doctor cursor',
  ],
  async run({ flags, io }) {
    const { examine } = await import('./checks/examine.ts')
    const findings = await examine(flags, io.env)
    const ok = findings.every(({ level }) => level !== 'fault')
    if (flags.json) io.out(JSON.stringify({ ok, data: findings }))
    else for (const line of findings.flatMap(findingLines)) io.out(line)
    return ok ? 0 : 1
  },
})

/** With the mend under what it mends. */
export function findingLines({ level, check, message, mend }: Finding): readonly string[] {
  const first = `${level.padEnd(7)}  ${check.padEnd(9)}  ${message}`
  return mend === undefined ? [first] : [first, `${''.padEnd(18)}  → ${mend}`]
}
