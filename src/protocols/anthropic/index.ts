// Anthropic Messages, both ways: https://platform.claude.com/docs/en/api/messages as of 2026-11, versions 2023-06-01 and
// 2026-10-21.
import type { Protocol } from '../protocol.ts'
import { decodeRequest } from './decode-request.ts'
import { encodeRequest } from './encode-request.ts'
import { decodeError, encodeError } from './errors.ts'
import { decodeResponse, encodeResponse } from './response.ts'
import { decodeStream } from './stream-decode.ts'
import { encodeStream, keepAlive } from './stream-encode.ts'

export const anthropicProtocol: Protocol = {
  shape: 'anthropic',
  server: { decodeRequest, encodeStream, keepAlive, encodeResponse, encodeError },
  client: { encodeRequest, decodeStream, decodeResponse, decodeError },
}
