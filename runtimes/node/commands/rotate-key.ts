// `rotate-key ID`: a new token with the old one's limits and identity; both work until the grace period ends.
import { isoOf, keyJson, stateOf } from '../../../src/store/key-json.ts'
import { defineCommand } from './command.ts'
import { CommandError, UsageError } from './faults.ts'
import { configFlag, dbFlag, duration, jsonFlag } from './flags.ts'
import { authorOf, noSuchKey } from './keys.ts'
import { withNode } from './open.ts'

const defaultGraceMs = 24 * 3_600_000

export const rotateKey = defineCommand({
  name: 'rotate-key',
  summary: 'issue a new token for a key; the old one works for a while longer',
  args: 'ID',
  flags: {
    'grace-period': duration('how long the old token works beside the new one (default 24h)'),
    db: dbFlag,
    config: configFlag,
    json: jsonFlag,
  },
  examples: [
    'metis-gateway rotate-key gk_01JD8Z6V5K3N9QXW2Y7T4B0RMC',
    'metis-gateway rotate-key gk_01JD8Z6V5K3N9QXW2Y7T4B0RMC --grace-period 15m --json',
  ],
  async run({ flags, args: [id], io }) {
    if (id === undefined) throw new UsageError('rotate-key needs the id of a key (gk_…); metis-gateway list-keys shows them')
    const graceMs = flags['grace-period'] ?? defaultGraceMs
    return withNode(io, flags, {}, async ({ keys }) => {
      const rotated = await keys.rotate(id, graceMs, authorOf(io))
      const nowUs = Date.now() * 1000
      const all = await keys.list()
      const old = all.find((key) => key.id === id)
      if (rotated === null) {
        if (old === undefined) throw noSuchKey(id)
        throw new CommandError(
          old.successor_id === null
            ? `${id} is ${stateOf(old, nowUs)}: metis-gateway issue-key makes a new one`
            : `${id} was rotated before: its successor is ${old.successor_id}`,
        )
      }
      const successor = all.find((key) => key.id === rotated.keyId)
      const worksUntil = isoOf(old?.expires_us ?? null)
      if (flags.json) {
        const shown = successor === undefined ? {} : keyJson(successor, nowUs)
        io.out(
          JSON.stringify({
            ...shown,
            key_id: rotated.keyId,
            token: rotated.token,
            predecessor_id: id,
            predecessor_works_until: worksUntil,
          }),
        )
        return 0
      }
      io.out(`key_id: ${rotated.keyId}`)
      io.out(`token:  ${rotated.token}`)
      io.err(`the token is shown this once; that of ${id} works until ${worksUntil ?? 'now'}`)
      return 0
    })
  },
})
