// A body that goes to a provider of its own wire as it came, but for the model's name.
import type { LanguageModelRequest } from '../../ir/request.ts'
import { spliceBytes } from '../../lib/json.ts'
import { fieldsOf } from '../fields.ts'

export function withModel({ source: { bytes }, model: asked }: LanguageModelRequest, model: string): Uint8Array {
  if (asked === model) return bytes
  const fields = fieldsOf(bytes)
  const field = fields.find(({ key }) => key === 'model')
  const text = JSON.stringify(model)
  if (field) return spliceBytes(bytes, [{ start: field.valueStart, end: field.valueEnd, text }])
  const at = fields.at(-1)?.valueEnd ?? bytes.indexOf(openBrace) + 1
  return spliceBytes(bytes, [{ start: at, end: at, text: `${fields.length === 0 ? '' : ','}"model":${text}` }])
}

const openBrace = 0x7b
