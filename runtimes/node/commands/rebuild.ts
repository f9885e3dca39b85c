// `rebuild`: makes the projections again from the events. Gateways may go on writing meanwhile.
import { defineCommand } from './command.ts'
import { configFlag, dbFlag, jsonFlag } from './flags.ts'
import { withNode } from './open.ts'
import { progressOf } from './progress.ts'

export const rebuild = defineCommand({
  name: 'rebuild',
  summary: 'make calls and hourly sums again from the events',
  flags: { db: dbFlag, config: configFlag, json: jsonFlag },
  examples: ['metis-gateway rebuild', 'metis-gateway rebuild --db /srv/metis/metis.db --json'],
  run: ({ flags, io }) =>
    withNode(io, flags, { mustExist: true }, async (context) => {
      const { rebuild: rebuildProjections } = await import('../../../src/store/rebuild.ts')
      const progress = progressOf(io, (done) => `${done} calls so far`)
      const { calls, hours, unreadable } = await rebuildProjections(context, progress)
      io.out(flags.json ? JSON.stringify({ calls, hours, unreadable }) : `${calls} calls in ${hours} hours were made again`)
      if (unreadable.length === 0) return 0
      const some = unreadable.slice(0, 3).join(', ')
      io.err(
        `${unreadable.length} events cannot be read and their rows stay as they were: ${some}${unreadable.length > 3 ? ', …' : ''}`,
      )
      return 1
    }),
})
