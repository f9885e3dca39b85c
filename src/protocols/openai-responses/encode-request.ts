// A Responses request to a provider that speaks Responses: the client's bytes, with the model's name and nothing else changed.
// Clients of other wires reach the same providers over Chat Completions.
import type { LanguageModelRequest } from '../../ir/request.ts'
import { spliceBytes } from '../../lib/json.ts'
import { fieldsOf } from '../fields.ts'
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

function withModel({ source: { bytes }, model: asked }: LanguageModelRequest, model: string): Uint8Array {
  if (asked === model) return bytes
  const fields = fieldsOf(bytes)
  const field = fields.find(({ key }) => key === 'model')
  const text = JSON.stringify(model)
  if (field) return spliceBytes(bytes, [{ start: field.valueStart, end: field.valueEnd, text }])
  const at = fields.at(-1)?.valueEnd ?? bytes.indexOf(openBrace) + 1
  return spliceBytes(bytes, [{ start: at, end: at, text: `${fields.length === 0 ? '' : ','}"model":${text}` }])
}

const openBrace = 0x7b
