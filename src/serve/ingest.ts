// `POST /ingest`: where laptops push their ledgers. The hub token in front of it says whose rows they are.
import { invalidValue } from '../ir/errors.ts'
import { parseJsonBytes } from '../ir/json-body.ts'
import type { Services } from '../services.ts'
import type { Hub } from '../store/hub.ts'
import { push } from '../store/push-format.ts'
import { errorAnswer, jsonAnswer } from './answers.ts'

/** A push is cut at a quarter of it: proxies in between allow a megabyte as they come. */
const bodyLimitBytes = 4 * 1024 * 1024

/** @throws GatewayError for a body that is no push, or a store that is away */
export function createIngest(hub: Hub, readBody: Services['readBody']): (request: Request) => Promise<Response> {
  return async (request) => {
    const token = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
    const source = token === undefined ? null : await hub.sourceOf(token)
    if (source === null) {
      return errorAnswer(
        401,
        'invalid_hub_token',
        'Send the hub token as Authorization: Bearer; `metis-gateway hub-token` makes one.',
        {
          'www-authenticate': 'Bearer realm="metis hub"',
        },
      )
    }
    const body = push.safeParse(parseJsonBytes(await readBody(request, bodyLimitBytes)))
    if (body.success) {
      const answer = await hub.take(source, body.data)
      return answer === null ? clockAhead() : jsonAnswer(200, answer)
    }
    const [issue] = body.error.issues
    throw invalidValue(issue?.path.join('.') || 'body', `This is no push of a ledger: ${issue?.message ?? 'it cannot be read'}.`)
  }
}

const clockAhead = (): Response =>
  errorAnswer(
    409,
    'clock_ahead',
    'These turns are more than an hour ahead of the clock here. Set the clock of the machine that pushes; nothing is lost.',
  )
