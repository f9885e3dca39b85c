// `models`: what a client can ask for with the providers that are configured.
import { formatModelRef } from '../../../src/catalog/models.ts'
import { defineCommand } from './command.ts'
import { addProvider } from './faults.ts'
import { configFlag, dbFlag, jsonFlag, toggle } from './flags.ts'
import { withNode } from './open.ts'
import { tableLines } from './table.ts'

export const models = defineCommand({
  name: 'models',
  summary: 'list the models and aliases that can be asked for',
  flags: { demo: toggle('with the offline demo provider'), db: dbFlag, config: configFlag, json: jsonFlag },
  examples: ['metis-gateway models', 'metis-gateway models --json | jq -r ".data[].id"'],
  run: ({ flags, io }) =>
    withNode(io, flags, { demo: flags.demo }, async (context) => {
      const listed = context.models.list()
      if (flags.json) {
        const data = listed.map(({ id, target, displayName }) => ({
          id,
          model: formatModelRef(target),
          display_name: displayName,
        }))
        io.out(JSON.stringify({ data }))
        return 0
      }
      if (listed.length === 0) {
        io.err(`no provider is configured: ${addProvider(context.configPath ?? `${context.home}/config.yaml`)}`)
        return 0
      }
      const rows = listed.map(({ id, target, displayName }) => [id, formatModelRef(target), displayName])
      for (const line of tableLines(['ASK FOR', 'ANSWERED BY', 'NAME'], rows)) io.out(line)
      return 0
    }),
})
