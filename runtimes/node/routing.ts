// Routing on Node: the tables of one process, with policies from files and spend from the ledger.
import { presets } from '../../src/providers/presets.ts'
import { createPatterns } from '../../src/routing/patterns/patterns.ts'
import { createRoutingTables, type RoutingTables } from '../../src/routing/tables.ts'
import { auditEvent } from '../../src/store/audit.ts'
import { derivedId } from '../../src/store/derived-id.ts'
import { createPatternStore } from '../../src/store/patterns.ts'
import type { NodeContext } from './context.ts'
import { createReadPolicy } from './policy-files.ts'

export const knownProviders: ReadonlySet<string> = new Set(presets.map((preset) => preset.name))

/** `records`: whether a broken policy goes on record; for whoever only looks it does not. */
export function createNodeRouting(context: NodeContext, { records } = { records: true }): RoutingTables {
  const { clock, config, logger, traces } = context
  const settings = config.patternRouting
  return createRoutingTables({
    ...context,
    known: knownProviders,
    patterns: settings === null ? null : createPatterns({ settings, store: createPatternStore(context), clock, logger }),
    readPolicy: createReadPolicy(context.home),
    onInvalidPolicy({ path, version, workspace, faults }) {
      if (!records) return
      // The time of the file and its path make the id: gateway and serve both find the fault, and it is on record once.
      const timestampUs = clock.nowUs()
      const id = derivedId(Number.parseFloat(version) || timestampUs / 1000, `routing.policy_invalid ${path} ${version}`)
      traces
        .append([auditEvent('routing.policy_invalid', { path, workspace, faults }, { id, timestampUs })])
        .catch((fault: unknown) => {
          logger.log('error', 'an audit event could not be recorded', { type: 'routing.policy_invalid', fault: String(fault) })
        })
    },
  })
}
