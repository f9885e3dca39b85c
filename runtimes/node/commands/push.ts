// `push`: what this ledger has and a team's hub has not, once; with `hub` in the configuration serve does so by itself.
import { baseUrlFault } from '../../../src/config/base-url.ts'
import { defineCommand } from './command.ts'
import { UsageError } from './faults.ts'
import { configFlag, dbFlag, jsonFlag, text, toggle } from './flags.ts'
import { withNode } from './open.ts'

export const push = defineCommand({
  name: 'push',
  summary: "push the ledger's rows, never prompts, to a team's hub (METIS_HUB_TOKEN: what it issued)",
  flags: {
    to: text('URL', "the hub: another one's serve (default: hub.url in the configuration)"),
    again: toggle('send all, also what the hub had: for a hub that was restored from a backup'),
    db: dbFlag,
    config: configFlag,
    json: jsonFlag,
  },
  examples: ['metis-gateway push', 'METIS_HUB_TOKEN=hub_… metis-gateway push --to https://hub.example.com --json'],
  run: ({ flags, io }) =>
    withNode(io, flags, {}, async (context) => {
      const { hub } = context.config
      const url = flags.to ?? hub?.url
      const token = io.env['METIS_HUB_TOKEN'] || hub?.token
      if (url === undefined) throw new UsageError('push needs --to URL, or hub.url in the configuration')
      const fault = baseUrlFault(url, [])
      if (fault !== null) throw new UsageError(`--to ${url.slice(0, 80)} ${fault}`)
      if (token === undefined) throw new UsageError('push needs a hub token: METIS_HUB_TOKEN, or hub.token in the configuration')
      const { createPusher, forgetPushes } = await import('../pusher.ts')
      if (flags.again) await forgetPushes(context, url)
      const totals = await createPusher(context, { url, token })(({ accepted, known }) => {
        if (io.interactive && !flags.json) io.err(`${accepted + known} turns so far`)
      })
      const { accepted, known, refused, later, unreadable, reasons } = totals
      io.out(
        flags.json
          ? JSON.stringify(totals)
          : `${accepted} turns are new to the hub${known > 0 ? `, ${known} it had already` : ''}`,
      )
      if (refused + unreadable > 0)
        io.err(`${refused} turns were refused by the hub and ${unreadable} cannot be read; they are not sent again`)
      if (later > 0) io.err(`${later} turns were not taken this time; the next push sends them again`)
      for (const { turn_id: turnId, reason } of reasons) io.err(`  turn ${turnId}: ${reason}`)
      return refused + later + unreadable === 0 ? 0 : 1
    }),
})
