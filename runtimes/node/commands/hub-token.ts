// `hub-token`: on a hub, who may push to it.
import { hubTokenJson, laptopName } from '../../../src/store/hub-token-json.ts'
import { isoOf } from '../../../src/store/key-json.ts'
import { defineCommand } from './command.ts'
import { CommandError, UsageError } from './faults.ts'
import { configFlag, dbFlag, jsonFlag, text } from './flags.ts'
import { authorOf } from './keys.ts'
import { withNode } from './open.ts'
import { tableLines } from './table.ts'

export const hubToken = defineCommand({
  name: 'hub-token',
  summary: 'on a hub: issue, list and revoke the tokens that laptops push with',
  flags: {
    name: text('NAME', "the laptop's name: issues its token, in place of the one it had"),
    revoke: text('ID', 'the token that is refused from now on (hub_…)'),
    db: dbFlag,
    config: configFlag,
    json: jsonFlag,
  },
  examples: ['metis-gateway hub-token --name ada-laptop', 'metis-gateway hub-token --json'],
  run: ({ flags, io }) =>
    withNode(io, flags, {}, async ({ hub }) => {
      const { name, revoke } = flags
      if (name !== undefined && revoke !== undefined) throw new UsageError('hub-token takes --name or --revoke, not both')
      if (name !== undefined) {
        if (!laptopName.test(name))
          throw new UsageError(`"${name.slice(0, 80)}" cannot name a laptop: letters, digits and _.:@- only, at most 100`)
        const issued = await hub.issue(name, authorOf(io))
        if (flags.json) io.out(JSON.stringify({ ...issued, name }))
        else for (const line of [`id:    ${issued.id}`, `token: ${issued.token}`]) io.out(line)
        if (!flags.json) io.err('the token is shown this once: only its hash is kept')
        return 0
      }
      if (revoke !== undefined) {
        if (!(await hub.revoke(revoke, authorOf(io))))
          throw new CommandError(`there is no hub token ${revoke.slice(0, 80)} that works`)
        io.out(flags.json ? JSON.stringify({ id: revoke, revoked: true }) : `${revoke} is revoked`)
        return 0
      }
      const tokens = await hub.list()
      if (flags.json) {
        io.out(JSON.stringify({ data: tokens.map(hubTokenJson) }))
        return 0
      }
      const rows = tokens.map(({ id, source, revoked_us, last_push_us }) => [
        id,
        source,
        revoked_us === null ? 'active' : 'revoked',
        isoOf(last_push_us)?.slice(0, 16).replace('T', ' ') ?? 'never',
      ])
      if (rows.length === 0) io.err('no hub token has been issued yet: metis-gateway hub-token --name NAME makes one')
      else for (const line of tableLines(['TOKEN', 'NAME', 'STATE', 'LAST PUSH (UTC)'], rows)) io.out(line)
      return 0
    }),
})
