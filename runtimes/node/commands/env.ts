// `env [CLIENT]`: the lines to paste into a shell, for one client or for all.
import { gatewayUrl, givenToken, tokenFlag, urlFlag } from './client-access.ts'
import { clients, linesFor } from './clients.ts'
import { defineCommand } from './command.ts'
import { UsageError } from './faults.ts'

export const env = defineCommand({
  name: 'env',
  summary: 'print the lines that point a client at the gateway',
  args: '[CLIENT]',
  flags: {
    url: urlFlag,
    token: tokenFlag('the token to put in; tokens are stored nowhere, so it cannot be looked up'),
  },
  examples: ['metis-gateway env claude-code', 'eval "$(metis-gateway env openai --token "$GW_TOKEN")"'],
  async run({ flags, args: [name], io }) {
    const chosen = clients.find((client) => client === name)
    if (name !== undefined && chosen === undefined) throw new UsageError(`there is no client "${name}": ${clients.join(', ')}`)
    const access = { url: gatewayUrl(flags.url), token: givenToken(flags.token) ?? 'gw_YOUR_TOKEN' }
    const blocks = (chosen === undefined ? clients : [chosen]).map((client) => linesFor(client, access).join('\n'))
    io.out(blocks.join('\n\n'))
    if (flags.token === undefined) io.err('put your own token in place of gw_YOUR_TOKEN; `metis-gateway issue-key` makes one')
    return 0
  },
})
