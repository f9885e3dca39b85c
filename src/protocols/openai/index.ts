// OpenAI Chat Completions, both halves.
import type { Protocol } from '../protocol.ts'
import { encodeRequest } from './encode-request.ts'
import { answerFromError } from './error-answer.ts'
import { createErrors } from './errors.ts'
import { decodeRequest } from './request.ts'
import { decodeResponse, encodeResponse } from './response.ts'
import { decodeStream } from './stream-decode.ts'
import { encodeStream, keepAlive } from './stream-encode.ts'

const { decodeError, encodeError } = createErrors('openai')

export const openaiProtocol: Protocol = {
  shape: 'openai',
  server: { decodeRequest, encodeStream, keepAlive, encodeResponse, encodeError },
  client: { encodeRequest, decodeStream, decodeResponse, decodeError, answerFromError },
}
