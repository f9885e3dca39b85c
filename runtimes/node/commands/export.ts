// `export`: every call of a time, line by line as it is read, however many there are.
import { exportFormats } from '../../../src/analytics/export/names.ts'
import type { Filters } from '../../../src/analytics/filters.ts'
import { defineCommand } from './command.ts'
import { UsageError } from './faults.ts'
import { configFlag, dbFlag, instant, oneOf, text } from './flags.ts'
import { withNode } from './open.ts'

export const exportCalls = defineCommand({
  name: 'export',
  summary: 'print every call as JSON lines, CSV or FOCUS (the FinOps cost format)',
  flags: {
    format: oneOf(exportFormats, 'jsonl (default), csv, or focus: FOCUS 1.2 as CSV'),
    from: instant('first moment (UTC), included; absent = the first call'),
    to: instant('last moment (UTC), not included; absent = now'),
    user: text('USER', 'only calls of this user'),
    team: text('TEAM', 'only calls of this team'),
    db: dbFlag,
    config: configFlag,
  },
  examples: [
    'metis-gateway export --from 2026-11-01 > november.jsonl',
    'metis-gateway export --format focus --from 2026-11-01 --to 2026-12-01 --team platform > november.csv',
  ],
  async run({ flags, io }) {
    const { from: startUs = 0, to, format = 'jsonl' } = flags
    if (to !== undefined && startUs > to) throw new UsageError('--from must not be later than --to')
    const filters: Filters = [
      ...(flags.user === undefined ? [] : [['user_id', flags.user] as const]),
      ...(flags.team === undefined ? [] : [['team_id', flags.team] as const]),
    ]
    return withNode(io, flags, { mustExist: true }, async ({ storage, clock }) => {
      const { exporterOf } = await import('../../../src/analytics/export/formats.ts')
      const { readCallPages } = await import('../../../src/analytics/call-pages.ts')
      const { readDisplayNames } = await import('../../../src/analytics/export/display-names.ts')
      const exporter = exporterOf(format, await readDisplayNames(storage.db))
      if (exporter.header !== null) io.out(exporter.header)
      let calls = 0
      let unpriced = 0
      for await (const page of readCallPages(storage.db, { window: { startUs, endUs: to ?? clock.nowUs() }, filters })) {
        for (const call of page) {
          io.out(exporter.line(call))
          calls += 1
          if (call.cost_nano_usd === null) unpriced += 1
        }
      }
      // stdout may be the terminal, or a file that nobody looks at yet.
      io.err(
        `${calls} calls${unpriced === 0 ? '' : `, ${unpriced} of them unpriced${format === 'focus' ? ': BilledCost 0, x_CostBasis unpriced' : ''}`}`,
      )
      return 0
    })
  },
})
