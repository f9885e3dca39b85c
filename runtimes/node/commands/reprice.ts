// `reprice`: gives calls the price that the list and the configuration have for them now.
import { usdOf } from '../../../src/lib/money.ts'
import { defineCommand } from './command.ts'
import { UsageError } from './faults.ts'
import { configFlag, dbFlag, instant, jsonFlag, toggle } from './flags.ts'
import { authorOf } from './keys.ts'
import { withNode } from './open.ts'
import { progressOf } from './progress.ts'

export const reprice = defineCommand({
  name: 'reprice',
  summary: 'price calls again that had no price, or a wrong one; each change is an event of its own',
  flags: {
    since: instant('the first moment (UTC) whose calls are looked at (required)'),
    'dry-run': toggle('only say what would change'),
    db: dbFlag,
    config: configFlag,
    json: jsonFlag,
  },
  examples: ['metis-gateway reprice --since 2026-11-01 --dry-run', 'metis-gateway reprice --since 2026-11-01'],
  async run({ flags, io }) {
    const { since: sinceUs, 'dry-run': dryRun } = flags
    if (sinceUs === undefined) throw new UsageError('reprice needs --since, such as 2026-11-01')
    return withNode(io, flags, { mustExist: true }, async ({ storage, queue, clock, nextId, prices }) => {
      const { reprice: repriceCalls } = await import('../../../src/store/reprice.ts')
      const parts = { storage, queue, clock, newId: nextId, prices }
      const { looked, adjusted, priced, unpriced, differenceNanoUsd } = await repriceCalls(
        parts,
        { sinceUs, dryRun, by: authorOf(io) },
        progressOf(io, (done) => `${done} calls so far`),
      )
      const difference = usdOf(differenceNanoUsd)
      if (flags.json) {
        const result = { looked, adjusted, priced, unpriced, difference_usd: difference, pricing_version: prices.version }
        io.out(JSON.stringify({ ...result, dry_run: dryRun }))
        return 0
      }
      const sign = difference < 0 ? '-' : '+'
      const verb = dryRun ? 'would be adjusted' : 'were adjusted'
      io.out(`${adjusted} of ${looked} calls ${verb}, ${priced} of them had no price: ${sign}$${Math.abs(difference).toFixed(9)}`)
      if (unpriced > 0) io.out(`${unpriced} still have no price: prices in the configuration gives them one`)
      return 0
    })
  },
})
