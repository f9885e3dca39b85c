// What is on record of a user, and forgetting them, as /openapi.json describes it.
import * as z from 'zod'
import { userRecord } from '../store/user-data.ts'
import { errorResponse, jsonResponse, linesResponse, type Operation } from './openapi.ts'

const forgetAnswer = z.object({
  /** false: there was nobody of that id, or they were forgotten before. */
  forgotten: z.boolean(),
  pseudonym: z.string().nullable(),
  calls: z.int(),
  events: z.int(),
  keys: z.int(),
  sessions: z.int(),
  /** Still under way, under the old name: for a second run to find. */
  running_turns: z.int(),
})
export type ForgetAnswer = z.output<typeof forgetAnswer>

export const userOperations = {
  export: {
    method: 'get',
    path: '/analytics/user/{id}/export',
    id: 'user_export',
    summary: 'All that is on record of a user, a JSON object a line.',
    responses: {
      200: linesResponse('Of each line; a blank one is none.', userRecord),
      404: errorResponse('There is no user of this id.'),
    },
  },
  forget: {
    method: 'post',
    path: '/analytics/user/{id}/forget',
    id: 'user_forget',
    summary: 'Takes a user out of the trace; every total stays. Again changes nothing.',
    body: z.object({}),
    responses: { 200: jsonResponse('Fine.', forgetAnswer) },
  },
} satisfies Record<string, Operation>
