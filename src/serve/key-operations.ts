// Gateway keys as /openapi.json describes them: what may be asked, and what is answered.
import * as z from 'zod'
import { identifier } from '../analytics/filters.ts'
import { parseDuration } from '../lib/duration.ts'
import { nanoUsdOf } from '../lib/money.ts'
import { keyAnswer } from '../store/key-answer.ts'
import { errorResponse, jsonResponse, type Operation } from './openapi.ts'

/** 9,000,000 USD: as much as integer nano-dollars hold. */
const usd = z.number().nonnegative().max(9_000_000).transform(nanoUsdOf).nullish()
const limit = z.int().min(1).max(1_000_000_000).nullish()
const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text)
  if (ms !== null) return ms
  context.addIssue({ code: 'custom', message: 'must be a number with s, m, h or d: 90d' })
  return z.NEVER
})

/** What a key is given and may be changed later. */
const changeable = {
  allowed_models: z.array(z.string().min(1).max(200)).max(100).optional(),
  daily_cap_usd: usd,
  monthly_cap_usd: usd,
  budget_usd: usd,
  allow_unpriced: z.boolean().optional(),
  requests_per_minute: limit,
  tokens_per_minute: limit,
  concurrent_turns: limit,
  expires_in: duration.nullish(),
  ignore_client_model: z.boolean().optional(),
  log_messages: z.boolean().optional(),
}
const name = z.string().trim().min(1).max(200)

export const issueBody = z.strictObject({
  ...changeable,
  name,
  workspace: z.string().trim().min(1).max(4096).nullish(),
  user_id: identifier.nullish(),
  team_id: identifier.nullish(),
  /** Makes a user or team that is not there. */
  create: z.boolean().optional(),
  tags: z.record(z.string().min(1).max(128), z.string().max(128)).optional(),
})

/** null lifts a limit; what is not there stays as it is. */
export const changeBody = z
  .strictObject({ ...changeable, name: name.optional() })
  .refine((body) => Object.keys(body).length > 0, 'must name something to change')

export const rotateBody = z.strictObject({ grace_period: duration.prefault('24h') })
export const revokeBody = z.strictObject({})

export const madeAnswer = keyAnswer.extend({
  token: z.string().startsWith('gw_').describe('In this answer and nowhere else: only its hash is kept.'),
})

const notFound = { 404: errorResponse('key_not_found.') }
const notActive = { 409: errorResponse('key_not_active: it was revoked or rotated before, or has expired.') }

export const keyOperations = {
  list: {
    method: 'get',
    path: '/admin/keys',
    id: 'keys',
    summary: 'The keys that were issued, without anything that opens a door.',
    responses: { 200: jsonResponse('Fine.', z.object({ data: z.array(keyAnswer) })) },
  },
  issue: {
    method: 'post',
    path: '/admin/keys',
    id: 'issue_key',
    summary: 'Issues a key.',
    body: issueBody,
    responses: { 201: jsonResponse('Issued.', madeAnswer) },
  },
  change: {
    method: 'patch',
    path: '/admin/keys/{id}',
    id: 'change_key',
    summary: 'Changes its name, its limits and what it may do. null lifts a limit; what is not named stays.',
    body: changeBody,
    responses: { 200: jsonResponse('Changed.', keyAnswer), ...notFound, ...notActive },
  },
  rotate: {
    method: 'post',
    path: '/admin/keys/{id}/rotate',
    id: 'rotate_key',
    summary: 'Issues its successor, which has all that it had. Both work until the grace period ends.',
    body: rotateBody,
    responses: { 201: jsonResponse('The successor.', madeAnswer), ...notFound, ...notActive },
  },
  revoke: {
    method: 'post',
    path: '/admin/keys/{id}/revoke',
    id: 'revoke_key',
    summary: 'Revokes it at once.',
    body: revokeBody,
    responses: { 200: jsonResponse('Revoked.', keyAnswer), ...notFound, ...notActive },
  },
} satisfies Record<string, Operation>
