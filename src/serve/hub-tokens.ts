// Hub tokens over HTTP: who may push to this hub, where no command can reach its database. A token is in the answer that made it
// and nowhere else.
import * as z from 'zod'
import type { Services } from '../services.ts'
import { hubTokenJson, laptopName } from '../store/hub-token-json.ts'
import type { Author } from '../store/audit.ts'
import type { Hub } from '../store/hub.ts'
import { errorAnswer, jsonAnswer } from './answers.ts'
import { readOwnBody } from './own-body.ts'

type Handler = (request: Request, parameters: Readonly<Record<string, string>>) => Promise<Response>

export interface HubTokenRoutes {
  readonly list: Handler
  readonly issue: Handler
  /** Of the token whose `id` is in the path. */
  readonly revoke: Handler
}

const issueBody = z.strictObject({ name: z.string().regex(laptopName, 'letters, digits and _.:@- only, at most 100') })
const revokeBody = z.strictObject({})

export function createHubTokenRoutes(hub: Hub, readBody: Services['readBody'], author: Author): HubTokenRoutes {
  return {
    list: async () => jsonAnswer(200, { data: (await hub.list()).map(hubTokenJson) }),
    issue: async (request) => {
      const { name } = await readOwnBody(request, readBody, issueBody)
      return jsonAnswer(201, { ...(await hub.issue(name, author)), name })
    },
    revoke: async (request, { id = '' }) => {
      await readOwnBody(request, readBody, revokeBody)
      if (await hub.revoke(id, author)) return jsonAnswer(200, { id, revoked: true })
      return errorAnswer(404, 'hub_token_not_found', 'There is no hub token of this id that works.')
    },
  }
}
