// Hub tokens over HTTP: who may push to this hub, where no command can reach its database. A token is in the answer that made it
// and nowhere else.
import type * as z from 'zod'
import type { Services } from '../services.ts'
import { hubTokenJson } from '../store/hub-token-json.ts'
import type { Author } from '../store/audit.ts'
import type { Hub } from '../store/hub.ts'
import { errorAnswer, jsonAnswer } from './answers.ts'
import { issueBody, revokeBody, type hubTokenOperations, type issuedAnswer, type revokedAnswer } from './hub-operations.ts'
import { readOwnBody } from './own-body.ts'
import type { Handler } from './routes.ts'

type HubTokenRoutes = Readonly<Record<keyof typeof hubTokenOperations, Handler>>

export function createHubTokenRoutes(hub: Hub, readBody: Services['readBody'], author: Author): HubTokenRoutes {
  return {
    list: async () => jsonAnswer(200, { data: (await hub.list()).map(hubTokenJson) }),
    issue: async (request) => {
      const { name } = await readOwnBody(request, readBody, issueBody)
      const answer: z.output<typeof issuedAnswer> = { ...(await hub.issue(name, author)), name }
      return jsonAnswer(201, answer)
    },
    revoke: async (request, { id = '' }) => {
      await readOwnBody(request, readBody, revokeBody)
      const answer: z.output<typeof revokedAnswer> = { id, revoked: true }
      if (await hub.revoke(id, author)) return jsonAnswer(200, answer)
      return errorAnswer(404, 'hub_token_not_found', 'There is no hub token of this id that works.')
    },
  }
}
