// What the gateway answers in its own name, as /openapi.json describes it; /v1/* is in the shapes of the vendors, who describe them.
import * as z from 'zod'
import { liveAnswer, notReadyAnswer, readyAnswer } from '../gateway/health.ts'
import { errorResponse, jsonResponse, textResponse, type Operation } from './openapi.ts'

/** Every field may be missing, and there are more: what Claude Code hands to a status line. */
const toldSession = z.looseObject({
  session_id: z.string().optional(),
  cwd: z.string().optional(),
  workspace: z.looseObject({ current_dir: z.string().optional() }).optional(),
  cost: z.looseObject({ total_cost_usd: z.number().optional() }).optional(),
})

const statusLineHeaders = z.object({
  'x-metis-project': z.string().optional(),
  'x-metis-branch': z.string().optional(),
  'x-metis-utc-offset': z
    .string()
    .regex(/^[+-][01]\d[0-5]\d$/)
    .optional()
    .describe('As `date +%z` prints it: when today began. UTC when nothing is said.'),
  'x-metis-no-color': z.string().optional().describe('Any value: a line without colours.'),
})

export const gatewayOperations: readonly Operation[] = [
  {
    of: 'gateway',
    method: 'get',
    path: '/healthz',
    id: 'gateway_health',
    summary: 'That the gateway lives.',
    asks: 'nothing',
    responses: { 200: jsonResponse('It does.', liveAnswer) },
  },
  {
    of: 'gateway',
    method: 'get',
    path: '/readyz',
    id: 'gateway_ready',
    summary: 'Whether it can put turns on record, and which providers it keeps away from.',
    asks: 'nothing',
    unversioned: true,
    responses: { 200: jsonResponse('It can.', readyAnswer), 503: jsonResponse('Not now.', notReadyAnswer) },
  },
  {
    of: 'gateway',
    method: 'post',
    path: '/statusline',
    id: 'status_line',
    summary: "One line for Claude Code's terminal: what its session, the day and the branch cost whoever's key this is.",
    asks: 'gateway-key',
    headers: statusLineHeaders,
    body: toldSession,
    responses: {
      200: textResponse('The line.'),
      401: errorResponse('invalid_api_key, key_revoked, key_expired.'),
      429: errorResponse('rate_limit_exceeded: too many bad keys came from this address.'),
    },
  },
]

/** `GET /metrics`, of whichever of the two has them. */
export const metricsOperation: Operation = {
  method: 'get',
  path: '/metrics',
  id: 'metrics',
  summary: 'What an operator watches, as Prometheus text.',
  responses: { 200: textResponse('Families of samples, version 0.0.4 of the format.') },
}

export const gatewayMetricsOperation: Operation = { ...metricsOperation, of: 'gateway', asks: 'nothing', unversioned: true }
