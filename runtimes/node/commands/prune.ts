// `prune`: takes the events of old turns away. What they cost stays in calls and hourly sums.
import { defineCommand } from './command.ts'
import { UsageError } from './faults.ts'
import { configFlag, dbFlag, duration, jsonFlag, toggle } from './flags.ts'
import { authorOf } from './keys.ts'
import { withNode } from './open.ts'
import { progressOf } from './progress.ts'

export const prune = defineCommand({
  name: 'prune',
  summary: 'remove the events of old turns; totals, and the events of audits, stay',
  flags: {
    'older-than': duration('how long ago a turn must have ended (required)'),
    'dry-run': toggle('only say what would go'),
    db: dbFlag,
    config: configFlag,
    json: jsonFlag,
  },
  examples: ['metis-gateway prune --older-than 90d --dry-run', 'metis-gateway prune --older-than 90d'],
  async run({ flags, io }) {
    const age = flags['older-than']
    if (age === undefined) throw new UsageError('prune needs --older-than, such as 90d')
    return withNode(io, flags, { mustExist: true }, async (context) => {
      const { storage, queue, clock, nextId } = context
      const { countPrunable, prune: pruneEvents } = await import('../../../src/store/prune.ts')
      // Of an age before 1970 there is nothing.
      const beforeUs = Math.max(0, clock.nowUs() - age * 1000)
      const dry = flags['dry-run']
      const parts = { storage, queue, clock, newId: nextId }
      const { turns, events } = dry
        ? await countPrunable(parts, beforeUs)
        : await pruneEvents(
            parts,
            beforeUs,
            authorOf(io),
            progressOf(io, (gone) => `${gone} events so far`),
          )
      const before = new Date(beforeUs / 1000).toISOString()
      if (flags.json) io.out(JSON.stringify({ before, turns, events, dry_run: dry }))
      else io.out(`${events} events of ${turns} turns before ${before} ${dry ? 'would go' : 'are gone'}; calls and sums stay`)
      return 0
    })
  },
})
