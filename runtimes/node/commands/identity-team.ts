// `user set-team`: moves a user to another team, with what they spend from then on.
import { defineCommand } from './command.ts'
import { CommandError, UsageError } from './faults.ts'
import { configFlag, dbFlag, jsonFlag } from './flags.ts'
import { authorOf } from './keys.ts'
import { withNode } from './open.ts'

export const setUserTeam = defineCommand({
  name: 'user set-team',
  summary: 'move a user to another team, or to none; what was spent before stays where it is',
  args: 'ID TEAM|none',
  flags: { db: dbFlag, config: configFlag, json: jsonFlag },
  examples: ['metis-gateway user set-team ada platform', 'metis-gateway user set-team ada none'],
  async run({ flags, args: [id, team], io }) {
    if (id === undefined || team === undefined)
      throw new UsageError('user set-team needs the id of a user, and of a team or none')
    const teamId = team === 'none' ? null : team
    return withNode(io, flags, {}, async ({ identities }) => {
      if (!(await identities.setTeam(id, teamId, authorOf(io))))
        throw new CommandError(`there is no user "${id.slice(0, 80)}": metis-gateway user list shows those there are`)
      const shown = teamId === null ? `user ${id} is in no team` : `user ${id} is in team ${teamId}`
      io.out(flags.json ? JSON.stringify({ user_id: id, team_id: teamId }) : shown)
      return 0
    })
  },
})
