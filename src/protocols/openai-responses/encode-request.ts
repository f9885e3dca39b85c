// A Responses request to a provider that speaks Responses: the client's bytes, with the model's name and nothing else changed.
// Clients of other wires reach the same providers over Chat Completions.
import type { LanguageModelRequest } from '../../ir/request.ts'
import { withModel } from '../openai/with-model.ts'
import type { EncodedRequest, Target } from '../protocol.ts'

export function encodeRequest(request: LanguageModelRequest, target: Target): EncodedRequest {
  const beta = request.source.headers.get('openai-beta')
  return {
    path: '/responses',
    headers: beta === null ? {} : { 'openai-beta': beta },
    body: withModel(request, target.model),
    stream: request.stream,
    warnings: [],
    inboundShape: 'openai-responses',
    toolNames: new Map(),
    hidesUsageChunk: false,
  }
}
