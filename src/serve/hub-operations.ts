// What a hub is asked over HTTP, as /openapi.json describes it: by its administrator for tokens, by laptops to take their ledgers.
import * as z from 'zod'
import { hubTokenAnswer } from '../store/hub-token-answer.ts'
import { laptopName } from '../store/hub-token-json.ts'
import { push, pushAnswer } from '../store/push-format.ts'
import { errorResponse, jsonResponse, type Operation } from './openapi.ts'

export const issueBody = z.strictObject({ name: z.string().regex(laptopName, 'letters, digits and _.:@- only, at most 100') })
export const revokeBody = z.strictObject({})

export const issuedAnswer = z.object({
  id: z.string(),
  name: z.string(),
  token: z.string().startsWith('hub_').describe('In this answer and nowhere else: only its hash is kept.'),
})
export const revokedAnswer = z.object({ id: z.string(), revoked: z.literal(true) })

/** Of a push in which some turns are to be sent again. */
export const notTakenYet = z.object({
  error: z.object({ code: z.literal('not_taken_yet'), message: z.string() }),
  ...pushAnswer.shape,
})

export const hubTokenOperations = {
  list: {
    method: 'get',
    path: '/admin/hub-tokens',
    id: 'hub_tokens',
    summary: 'Which laptops may push, and when each did last.',
    responses: { 200: jsonResponse('Fine.', z.object({ data: z.array(hubTokenAnswer) })) },
  },
  issue: {
    method: 'post',
    path: '/admin/hub-tokens',
    id: 'issue_hub_token',
    summary: 'Lets a laptop push. The token that one of this name had before is refused from now on.',
    body: issueBody,
    responses: { 201: jsonResponse('Issued.', issuedAnswer) },
  },
  revoke: {
    method: 'post',
    path: '/admin/hub-tokens/{id}/revoke',
    id: 'revoke_hub_token',
    summary: 'Revokes it at once; what was pushed with it stays.',
    body: revokeBody,
    responses: {
      200: jsonResponse('Revoked.', revokedAnswer),
      404: errorResponse('hub_token_not_found: there is none of this id that works.'),
    },
  },
} satisfies Record<string, Operation>

export const ingestOperation: Operation = {
  method: 'post',
  path: '/ingest',
  id: 'ingest',
  summary: 'Takes whole turns of a laptop; a turn that is here already changes nothing.',
  asks: 'hub-token',
  body: push,
  responses: {
    200: jsonResponse('On record; `refused` are never taken.', pushAnswer),
    401: errorResponse('invalid_hub_token.'),
    409: jsonResponse('not_taken_yet: `later` are to be sent again, the others are on record.', notTakenYet),
    429: errorResponse('rate_limit_exceeded: too many bad hub tokens came from this address; Retry-After says how long to wait.'),
  },
}
