// The inbound shapes there are: path → wire.
import { decodeEmbeddingsRequest } from '../protocols/openai/embeddings.ts'
import { protocols } from '../protocols/index.ts'
import type { Wire } from './wire.ts'

export interface DoorRoute {
  readonly path: string
  readonly wire: Wire
}

export const anthropicWire: Wire = { shape: 'anthropic', server: protocols.anthropic.server, requestIdHeader: 'request-id' }
export const openaiWire: Wire = { shape: 'openai', server: protocols.openai.server, requestIdHeader: 'x-request-id' }

const responsesWire: Wire = {
  shape: 'openai-responses',
  server: protocols['openai-responses'].server,
  requestIdHeader: 'x-request-id',
}

/** Their answers are the provider's bytes: the rest of chat's wire is only for refusals. */
const embeddingsWire: Wire = { ...openaiWire, server: { ...openaiWire.server, decodeRequest: decodeEmbeddingsRequest } }

export const doors: readonly DoorRoute[] = [
  { path: '/v1/messages', wire: anthropicWire },
  { path: '/v1/chat/completions', wire: openaiWire },
  { path: '/v1/responses', wire: responsesWire },
  { path: '/v1/embeddings', wire: embeddingsWire },
]

/** The envelope of an answer that belongs to no door: the client's headers tell its family. */
export function wireOf(path: string, headers: Headers): Wire {
  const named = doors.find((door) => path === door.path || path.startsWith(`${door.path}/`))
  if (named !== undefined) return named.wire
  return headers.has('anthropic-version') ? anthropicWire : openaiWire
}
