// `revoke-key ID`: the key's token is refused from now on, in running gateways too.
import { defineCommand } from './command.ts'
import { CommandError, UsageError } from './faults.ts'
import { configFlag, dbFlag, jsonFlag } from './flags.ts'
import { authorOf, noSuchKey } from './keys.ts'
import { withNode } from './open.ts'

export const revokeKey = defineCommand({
  name: 'revoke-key',
  summary: 'revoke a key; running gateways refuse it within a second',
  args: 'ID',
  flags: { db: dbFlag, config: configFlag, json: jsonFlag },
  examples: ['metis-gateway revoke-key gk_01JD8Z6V5K3N9QXW2Y7T4B0RMC'],
  async run({ flags, args: [id], io }) {
    if (id === undefined) throw new UsageError('revoke-key needs the id of a key (gk_…); metis-gateway list-keys shows them')
    return withNode(io, flags, {}, async (context) => {
      if (!(await context.keys.revoke(id, authorOf(io)))) {
        const known = (await context.keys.list()).some((key) => key.id === id)
        throw known ? new CommandError(`${id} was revoked before`) : noSuchKey(id)
      }
      io.out(flags.json ? JSON.stringify({ key_id: id, revoked: true }) : `revoked ${id}`)
      return 0
    })
  },
})
