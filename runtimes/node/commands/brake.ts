// `brake list` and `brake release`: who was stopped for running away, and who may go on.
import { isoOf } from '../../../src/store/key-json.ts'
import { defineCommand } from './command.ts'
import { CommandError, UsageError } from './faults.ts'
import { configFlag, dbFlag, jsonFlag } from './flags.ts'
import { authorOf } from './keys.ts'
import { withNode } from './open.ts'
import { tableLines } from './table.ts'

const flags = { db: dbFlag, config: configFlag, json: jsonFlag }

export const listBrakes = defineCommand({
  name: 'brake list',
  summary: 'list the keys and sessions that were stopped for running away',
  flags,
  examples: ['metis-gateway brake list'],
  run: ({ flags: given, io }) =>
    withNode(io, given, {}, async ({ brakes }) => {
      const rows = await brakes.list()
      if (given.json) {
        const data = rows.map(({ subject, reason, since_us: sinceUs }) => ({ subject, reason, since: isoOf(sinceUs) }))
        io.out(JSON.stringify({ data }))
        return 0
      }
      if (rows.length === 0) io.err('nobody is stopped')
      else for (const line of tableLines(['SUBJECT', 'REASON', 'SINCE (UTC)'], rows.map(cellsOf))) io.out(line)
      return 0
    }),
})

const cellsOf = (row: { readonly subject: string; readonly reason: string; readonly since_us: number }): readonly string[] => [
  row.subject,
  row.reason,
  isoOf(row.since_us)?.slice(0, 16).replace('T', ' ') ?? '',
]

export const releaseBrake = defineCommand({
  name: 'brake release',
  summary: 'let a stopped key or session go on; running gateways follow within a second',
  args: 'SUBJECT',
  flags,
  examples: ['metis-gateway brake release key:gk_01JD8Z6V5K3N9QXW2Y7T4B0RMC'],
  async run({ flags: given, args: [subject], io }) {
    if (subject === undefined) throw new UsageError('brake release needs a subject; metis-gateway brake list shows them')
    return withNode(io, given, {}, async ({ brakes }) => {
      if (!(await brakes.release(subject, authorOf(io))))
        throw new CommandError(`"${subject.slice(0, 300)}" is not stopped: metis-gateway brake list shows who is`)
      io.out(given.json ? JSON.stringify({ subject, released: true }) : `released ${subject}`)
      return 0
    })
  },
})
