// One content part at our door, in chat's dialect, Responses' (`input_text` …) or Anthropic's (`tool_use` …): Cursor mixes all
// three (clients.md §7). What none of them knows stays opaque and is refused by other wires.
import * as z from 'zod'
import { invalidValue } from '../../ir/errors.ts'
import type { CacheHint, MediaSource, Part } from '../../ir/request.ts'
import { base64MediaOf, documentSourceOf, imageSourceOf } from './decode-media.ts'
import { isObject, readWire } from '../wire.ts'

/** `cache_control` is a convention that OpenAI-shaped clients of Anthropic models use; the other is OpenAI's own. */
export const cacheHintSchema = z.object({
  cache_control: z.looseObject({ ttl: z.enum(['5m', '1h']).nullish().catch(undefined) }).nullish(),
  prompt_cache_breakpoint: z.looseObject({}).nullish(),
})

export function cacheOf(value: Record<string, unknown>): CacheHint | undefined {
  const hint = cacheHintSchema.safeParse(value)
  if (!hint.success) return undefined
  const { cache_control: control, prompt_cache_breakpoint: breakpoint } = hint.data
  if (control) return control.ttl ? { ttl: control.ttl } : {}
  return breakpoint ? {} : undefined
}

/** @throws GatewayError invalid_value naming the part's field */
export function partsOf(content: unknown, path: string): readonly Part[] {
  if (content === null || content === undefined) return []
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }]
  if (!Array.isArray(content)) throw invalidValue(path, `\`${path}\` must be a string or an array`)
  return content.map((value: unknown, index) => partOf(value, `${path}[${index}]`))
}

function partOf(value: unknown, path: string): Part {
  if (!isObject(value)) throw invalidValue(path, `\`${path}\` must be an object`)
  const part = barePartOf(value, path)
  const cache = cacheOf(value)
  return cache === undefined || !isCacheable(part) ? part : { ...part, cache }
}

function isCacheable(part: Part): part is Extract<Part, { cache?: CacheHint }> {
  return part.type !== 'thinking' && part.type !== 'redactedThinking' && part.type !== 'refusal' && part.type !== 'opaque'
}

const textSchema = z.looseObject({ text: z.string() })
const imageUrl = z.looseObject({ url: z.string(), detail: z.string().nullish() })
const imageUrlSchema = z.looseObject({ image_url: z.union([z.string().transform((url) => ({ url, detail: null })), imageUrl]) })
const inputImageSchema = z.looseObject({
  image_url: z.string().nullish(),
  file_id: z.string().nullish(),
  detail: z.string().nullish(),
})
const fileSchema = z.looseObject({
  file_data: z.string().nullish(),
  file_id: z.string().nullish(),
  file_url: z.string().nullish(),
  filename: z.string().nullish(),
})
const nestedFileSchema = z.looseObject({ file: fileSchema })
const documentSchema = z.looseObject({ source: z.looseObject({ type: z.string() }), title: z.string().nullish() })
const toolUseSchema = z.looseObject({ id: z.string(), name: z.string(), input: z.unknown().optional() })
const toolResultSchema = z.looseObject({
  tool_use_id: z.string(),
  content: z.unknown().optional(),
  is_error: z.boolean().nullish(),
})
const refusalSchema = z.looseObject({ refusal: z.string() })
const redactedSchema = z.looseObject({ data: z.string() })
export const thinkingSchema = z.looseObject({ thinking: z.string(), signature: z.string().nullish() })

function barePartOf(value: Record<string, unknown>, path: string): Part {
  const { type } = value
  switch (type) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: readWire(textSchema, value, path).text }
    case 'image_url': {
      const { url, detail } = readWire(imageUrlSchema, value, path).image_url
      return image(base64MediaOf(url, `${path}.image_url.url`), detail)
    }
    case 'input_image': {
      const wire = readWire(inputImageSchema, value, path)
      if (wire.file_id) return image({ kind: 'file', fileId: wire.file_id, shape: 'openai' }, wire.detail)
      return image(base64MediaOf(wire.image_url ?? '', `${path}.image_url`), wire.detail)
    }
    case 'image':
      return { type: 'image', source: imageSourceOf(readWire(documentSchema, value, path).source, `${path}.source`) }
    case 'file':
      return fileOf(readWire(nestedFileSchema, value, path).file, `${path}.file`)
    case 'input_file':
      return fileOf(readWire(fileSchema, value, path), path)
    case 'document': {
      const { source, title } = readWire(documentSchema, value, path)
      return { type: 'document', source: documentSourceOf(source, `${path}.source`), ...(title ? { name: title } : {}) }
    }
    case 'refusal':
      return { type: 'refusal', text: readWire(refusalSchema, value, path).refusal }
    case 'tool_use': {
      const { id, name, input } = readWire(toolUseSchema, value, path)
      return { type: 'toolCall', id, name, argsText: typeof input === 'string' ? input : JSON.stringify(input ?? {}) }
    }
    case 'tool_result': {
      const wire = readWire(toolResultSchema, value, path)
      const parts = partsOf(wire.content, `${path}.content`)
      return { type: 'toolResult', callId: wire.tool_use_id, parts, isError: wire.is_error ?? false }
    }
    case 'input_audio':
      throw invalidValue(`${path}.type`, 'audio cannot be carried to this model')
    default:
      return thinkingPartOf(value, path)
  }
}

/** A `thinking` or `redacted_thinking` block; anything else stays opaque. */
export function thinkingPartOf(value: Record<string, unknown>, path: string): Part {
  if (value['type'] === 'thinking' && typeof value['thinking'] === 'string') {
    const { thinking, signature } = readWire(thinkingSchema, value, path)
    return signature ? { type: 'thinking', text: thinking, signature } : { type: 'thinking', text: thinking }
  }
  if (value['type'] === 'redacted_thinking') return { type: 'redactedThinking', data: readWire(redactedSchema, value, path).data }
  return { type: 'opaque', shape: 'openai', kind: String(value['type']), raw: value }
}

function image(source: MediaSource, detail: string | null | undefined): Part {
  return detail ? { type: 'image', source, detail } : { type: 'image', source }
}

function fileOf(file: z.infer<typeof fileSchema>, path: string): Part {
  const name = file.filename ? { name: file.filename } : {}
  if (file.file_id) return { type: 'document', source: { kind: 'file', fileId: file.file_id, shape: 'openai' }, ...name }
  if (file.file_url) return { type: 'document', source: base64MediaOf(file.file_url, `${path}.file_url`), ...name }
  const source = documentSourceOf({ type: 'data_url', data: file.file_data ?? '' }, `${path}.file_data`)
  return { type: 'document', source, ...name }
}
