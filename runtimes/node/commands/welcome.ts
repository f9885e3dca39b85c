// The first run of a gateway: nobody has a key yet.
import type { NodeContext } from '../context.ts'
import { curlLine, linesFor } from './clients.ts'
import type { Io } from './io.ts'
import { authorOf } from './keys.ts'

/** A key and the lines to paste for somebody who reads along, a hint for a log. `url`: the gateway's. */
export async function welcome(context: Pick<NodeContext, 'keys'>, io: Io, url: string): Promise<void> {
  if (!io.interactive) {
    io.err('no key has been issued yet: metis-gateway issue-key --name NAME --workspace PATH makes one; it works at once')
    return
  }
  const { keyId, token } = await context.keys.issue({ name: 'default', workspace: io.cwd }, authorOf(io))
  const access = { url, token }
  io.out('')
  io.out(`A first key, ${keyId}, was issued for ${io.cwd}. Its token is shown this once; only its hash is kept:`)
  io.out('')
  io.out(`token:  ${token}`)
  for (const client of ['claude-code', 'openai'] as const) {
    io.out('')
    for (const line of linesFor(client, access)) io.out(line)
  }
  io.out('')
  io.out('# one turn with curl')
  io.out(curlLine(access, 'haiku'))
  io.out('')
}
