// `user export` and `user forget`: what is on record of one person, for them, and out of it.
import { defineCommand } from './command.ts'
import { CommandError, UsageError } from './faults.ts'
import { configFlag, dbFlag, jsonFlag, toggle } from './flags.ts'
import { authorOf } from './keys.ts'
import { withNode } from './open.ts'

export const exportUser = defineCommand({
  name: 'user export',
  summary: 'print all that is on record of a user as JSON lines',
  args: 'ID',
  flags: { db: dbFlag, config: configFlag },
  examples: ['metis-gateway user export ada > ada.jsonl'],
  async run({ flags, args: [id], io }) {
    if (id === undefined) throw new UsageError('user export needs the id of a user')
    return withNode(io, flags, {}, async ({ storage, traces, clock, nextId }) => {
      const { readUserData } = await import('../../../src/store/user-data.ts')
      const { auditEvent } = await import('../../../src/store/audit.ts')
      const records = await readUserData(storage.db, id)
      if (records === null) throw noSuchUser(id)
      const stamp = { id: nextId(), timestampUs: clock.nowUs() }
      await traces.append([auditEvent('analytics.user_exported', { user_id: id, ...authorOf(io) }, stamp)])
      for await (const record of records) io.out(JSON.stringify(record))
      return 0
    })
  },
})

export const forgetUserCommand = defineCommand({
  name: 'user forget',
  summary: 'take a person out of the trace: a pseudonym stays, and what was spent',
  args: 'ID',
  flags: { yes: toggle('do it without asking'), db: dbFlag, config: configFlag, json: jsonFlag },
  examples: ['metis-gateway user forget ada', 'metis-gateway user forget ada --yes --json'],
  async run({ flags, args: [id], io }) {
    if (id === undefined) throw new UsageError('user forget needs the id of a user')
    if (!flags.yes && !io.interactive) throw new UsageError('user forget cannot be undone: give --yes to do it')
    return withNode(io, flags, {}, async ({ storage, queue, clock, nextId }) => {
      const { forgetUser } = await import('../../../src/store/forget-user.ts')
      const question = `Forget ${id.slice(0, 80)}? Their keys stop working, and nothing will lead back to them.`
      if (!flags.yes && !(await io.confirm(question))) throw new CommandError('nothing was changed')
      const { pseudonym, runningTurns, ...counts } = await forgetUser({ storage, queue, clock, newId: nextId }, id, authorOf(io))
      if (flags.json) {
        io.out(JSON.stringify({ forgotten: pseudonym !== null, pseudonym, ...counts, running_turns: runningTurns }))
        return 0
      }
      if (pseudonym === null) {
        io.out('there is nobody of that id, or they were forgotten before')
        return 0
      }
      const { calls, events, keys, sessions } = counts
      io.out(
        `${calls} calls and ${events} events are ${pseudonym}'s now; ${keys} keys are revoked, ${sessions} conversations are gone`,
      )
      if (runningTurns > 0)
        io.err(`calls of theirs that still run: ${runningTurns}; they end under the old name, so run this again after them`)
      return 0
    })
  },
})

const noSuchUser = (id: string): CommandError => new CommandError(`there is no user "${id.slice(0, 80)}"`)
