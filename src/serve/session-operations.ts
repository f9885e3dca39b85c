// The agent surface as /openapi.json describes it.
import * as z from 'zod'
import { errorResponse, jsonResponse, type Operation } from './openapi.ts'
import * as schemas from './session-schemas.ts'

const notFound = { 404: errorResponse('session_not_found: there is none of this id, or it was deleted.') }
const busy = { 409: errorResponse('turn_in_flight: another turn of this session runs.') }
const fine = (schema: z.ZodType) => ({ 200: jsonResponse('Fine.', schema) })

export const sessionOperations = {
  list: {
    method: 'get',
    path: '/sessions',
    id: 'list_sessions',
    summary: 'Sessions that were not deleted, newest first.',
    query: schemas.listQuery,
    responses: fine(schemas.pageOf(schemas.sessionAnswer, z.string())),
  },
  create: {
    method: 'post',
    path: '/sessions',
    id: 'create_session',
    summary: 'Makes a session.',
    body: schemas.newSession,
    responses: { 201: jsonResponse('Made.', schemas.sessionAnswer) },
  },
  read: {
    method: 'get',
    path: '/sessions/{id}',
    id: 'session',
    summary: 'A session with what it has cost.',
    responses: { ...fine(schemas.sessionAnswer), ...notFound },
  },
  change: {
    method: 'patch',
    path: '/sessions/{id}',
    id: 'change_session',
    summary: 'Changes its model (the sticky slot of routing), its title or its system text.',
    body: schemas.sessionChange,
    responses: { ...fine(schemas.sessionAnswer), ...notFound },
  },
  remove: {
    method: 'delete',
    path: '/sessions/{id}',
    id: 'delete_session',
    summary: 'Takes it from the list; with purge, all that was said from the disk.',
    query: schemas.removeQuery,
    responses: { 204: { description: 'Gone.' }, ...notFound, ...busy },
  },
  ask: {
    method: 'post',
    path: '/sessions/{id}/turns',
    id: 'ask_session',
    summary: 'Asks, and answers whole or as events: turn, text and thinking, then done or error.',
    body: schemas.question,
    responses: {
      200: {
        description: 'The answer.',
        content: { 'application/json': schemas.turnAnswer, 'text/event-stream': z.string() },
      },
      ...notFound,
      ...busy,
      default: errorResponse('What the gateway or the provider refuses, with its status: quota_exceeded, routing_failed, …'),
    },
  },
  cancel: {
    method: 'post',
    path: '/sessions/{id}/cancel',
    id: 'cancel_turn',
    summary: 'Stops the turn that runs, in whichever process; what came so far is kept.',
    body: schemas.nothing,
    responses: {
      202: jsonResponse('Told to stop.', schemas.cancelAnswer),
      ...notFound,
      409: errorResponse('no_turn_in_flight: none runs.'),
    },
  },
  messages: {
    method: 'get',
    path: '/sessions/{id}/messages',
    id: 'session_messages',
    summary: 'What was said, in order.',
    query: schemas.messagesQuery,
    responses: { ...fine(schemas.pageOf(schemas.messageAnswer, z.int())), ...notFound },
  },
  events: {
    method: 'get',
    path: '/sessions/{id}/events',
    id: 'session_events',
    summary: "The session's rows of the trace, in order.",
    query: schemas.eventsQuery,
    responses: { ...fine(schemas.pageOf(schemas.eventAnswer, z.string())), ...notFound },
  },
  feedback: {
    method: 'post',
    path: '/turns/{id}/feedback',
    id: 'turn_feedback',
    summary: 'Says how a turn went, whoever asked it.',
    body: schemas.feedback,
    responses: { ...fine(schemas.feedbackAnswer), 404: errorResponse('turn_not_found: no call of it is on record.') },
  },
} satisfies Record<string, Operation>
