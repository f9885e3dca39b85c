// Messages as Google's Vertex AI takes them: the model stands in the path, and in its place the version in the body
// (https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude, read 2026-11-25).
import { invalidValue } from '../../ir/errors.ts'
import type { LanguageModelRequest } from '../../ir/request.ts'
import { spliceBytes } from '../../lib/json.ts'
import { fieldsOf } from '../fields.ts'
import type { EncodedRequest, Protocol, Target } from '../protocol.ts'
import { anthropicProtocol } from './index.ts'

const version = '"anthropic_version":"vertex-2023-10-16"'

export const vertexProtocol: Protocol = {
  ...anthropicProtocol,
  client: { ...anthropicProtocol.client, encodeRequest },
}

function encodeRequest(request: LanguageModelRequest, target: Target): EncodedRequest {
  // Half a surrogate pair has no place in a URL.
  if (/\p{Surrogate}/u.test(target.model)) throw invalidValue('model', '`model` is not a name')
  const call = anthropicProtocol.client.encodeRequest(request, target)
  const { 'anthropic-version': _, ...headers } = call.headers
  const verb = call.stream ? 'streamRawPredict' : 'rawPredict'
  return {
    ...call,
    // `@` stands before a version, as Google writes it.
    path: `/publishers/anthropic/models/${encodeURIComponent(target.model).replaceAll('%40', '@')}:${verb}`,
    headers,
    body: versioned(typeof call.body === 'string' ? new TextEncoder().encode(call.body) : call.body),
  }
}

/** Every body has its model by now. */
function versioned(bytes: Uint8Array): Uint8Array {
  const model = fieldsOf(bytes).find(({ key }) => key === 'model')
  return model === undefined ? bytes : spliceBytes(bytes, [{ start: model.keyStart, end: model.valueEnd, text: version }])
}
