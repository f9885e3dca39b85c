// `list-keys`: the keys that were issued, without anything that opens a door.
import { keyJson, stateOf } from '../../../src/store/key-json.ts'
import { defineCommand } from './command.ts'
import { configFlag, dbFlag, jsonFlag } from './flags.ts'
import { withNode } from './open.ts'
import { tableLines } from './table.ts'

export const listKeys = defineCommand({
  name: 'list-keys',
  summary: 'list the keys that were issued',
  flags: { db: dbFlag, config: configFlag, json: jsonFlag },
  examples: [
    'metis-gateway list-keys',
    'metis-gateway list-keys --json | jq -r \'.data[] | select(.state == "active") | .key_id\'',
  ],
  run: ({ flags, io }) =>
    withNode(io, flags, {}, async (context) => {
      const nowUs = Date.now() * 1000
      const keys = await context.keys.list()
      if (flags.json) {
        io.out(JSON.stringify({ data: keys.map((key) => keyJson(key, nowUs)) }))
        return 0
      }
      if (keys.length === 0) {
        io.err('no key has been issued yet: metis-gateway issue-key --name NAME --workspace PATH makes one')
        return 0
      }
      const rows = keys.map((key) => [
        key.id,
        key.name,
        key.user_id ?? '-',
        key.team_id ?? '-',
        stateOf(key, nowUs),
        key.last_used_us === null ? 'never' : new Date(key.last_used_us / 1000).toISOString().slice(0, 16).replace('T', ' '),
        key.workspace ?? '-',
      ])
      for (const line of tableLines(['KEY', 'NAME', 'USER', 'TEAM', 'STATE', 'LAST USED (UTC)', 'WORKSPACE'], rows)) io.out(line)
      return 0
    }),
})
