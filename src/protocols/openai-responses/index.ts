// OpenAI Responses: the server half for any provider, the client half for providers that speak it too, bytes for bytes.
import type { Protocol } from '../protocol.ts'
import { createErrors } from '../openai/errors.ts'
import { encodeRequest } from './encode-request.ts'
import { decodeRequest } from './request.ts'
import { decodeResponse, encodeResponse } from './response.ts'
import { decodeStream } from './stream-decode.ts'
import { encodeStream } from './stream-encode.ts'
import { keepAlive } from '../openai/stream-encode.ts'

const { decodeError, encodeError } = createErrors('openai-responses')

export const openaiResponsesProtocol: Protocol = {
  shape: 'openai-responses',
  server: { decodeRequest, encodeStream, keepAlive, encodeResponse, encodeError },
  client: { encodeRequest, decodeStream, decodeResponse, decodeError },
}
