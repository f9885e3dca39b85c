// One content block of a client's message to parts of the IR. What no other wire has stays opaque, and is refused there.
import { invalidValue } from '../../ir/errors.ts'
import type { CacheHint, DocumentPart, MediaSource, Part, TextPart } from '../../ir/request.ts'
import type * as z from 'zod'
import { readWire } from '../wire.ts'
import { isToolChange } from './tool-changes.ts'
import {
  documentSchema,
  imageSchema,
  redactedThinkingSchema,
  textSchema,
  thinkingSchema,
  toolReferenceSchema,
  toolResultSchema,
  toolUseSchema,
  type CacheControl,
} from './schema.ts'

type Content = string | readonly { readonly type: string }[] | null | undefined
/** The JSON text of a tool call's input as the client wrote it, by the block's path; undefined where it cannot be found. */
export type InputTextOf = (path: string) => string | undefined

/**
 * @param path of the content: `messages[3].content`
 * @throws GatewayError invalid_value naming the block's field
 */
export function partsOf(content: Content, path: string, inputTextOf: InputTextOf): readonly Part[] {
  if (content === null || content === undefined) return []
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return content.flatMap((block, index) => blockParts(block, `${path}[${index}]`, inputTextOf))
}

/** Blocks that can only be text: system prompts, and the tool changes between them, which say nothing to another wire. */
export function textPartsOf(content: Content, path: string): readonly TextPart[] {
  if (content === null || content === undefined) return []
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return content.flatMap((block, index) => {
    if (isToolChange(block)) return []
    if (block.type !== 'text') throw invalidValue(`${path}[${index}].type`, 'only text can stand in a system prompt')
    return textPartOf(block, `${path}[${index}]`)
  })
}

export function cacheOf(control: CacheControl): { readonly cache?: CacheHint } {
  if (!control) return {}
  return { cache: control.ttl ? { ttl: control.ttl } : {} }
}

function blockParts(block: { readonly type: string }, path: string, inputTextOf: InputTextOf): readonly Part[] {
  switch (block.type) {
    case 'text':
      return [textPartOf(block, path)]
    case 'image': {
      const { source, cache_control } = readWire(imageSchema, block, path)
      return [{ type: 'image', source: mediaSourceOf(source), ...cacheOf(cache_control) }]
    }
    case 'document':
      return documentParts(readWire(documentSchema, block, path), path, inputTextOf)
    case 'thinking': {
      const { thinking, signature } = readWire(thinkingSchema, block, path)
      return [signature ? { type: 'thinking', text: thinking, signature } : { type: 'thinking', text: thinking }]
    }
    case 'redacted_thinking':
      return [{ type: 'redactedThinking', data: readWire(redactedThinkingSchema, block, path).data }]
    case 'tool_use': {
      const { id, name, input, cache_control } = readWire(toolUseSchema, block, path)
      return [{ type: 'toolCall', id, name, argsText: argsTextOf(input, () => inputTextOf(path)), ...cacheOf(cache_control) }]
    }
    case 'tool_result': {
      const wire = readWire(toolResultSchema, block, path)
      const parts = partsOf(wire.content, `${path}.content`, inputTextOf)
      const isError = wire.is_error ?? false
      return [{ type: 'toolResult', callId: wire.tool_use_id, parts, isError, ...cacheOf(wire.cache_control) }]
    }
    case 'tool_reference': {
      // What a tool search found. Another wire has the tool in its list anyway: the model only needs to hear of it.
      const { tool_name: name } = readWire(toolReferenceSchema, block, path)
      return [{ type: 'text', text: `The tool ${name} is available.` }]
    }
    case 'tool_addition':
    case 'tool_removal':
      return []
    default:
      return [{ type: 'opaque', shape: 'anthropic', kind: block.type, raw: block }]
  }
}

function textPartOf(block: unknown, path: string): TextPart {
  const { text, cache_control } = readWire(textSchema, block, path)
  return { type: 'text', text, ...cacheOf(cache_control) }
}

// A string is a call that did not parse, replayed as the client got it.
function argsTextOf(input: unknown, written: () => string | undefined): string {
  if (typeof input === 'string') return input
  if (input === undefined || input === null) return ''
  return written() ?? JSON.stringify(input)
}

type WireSource = z.infer<typeof imageSchema>['source'] | z.infer<typeof documentSchema>['source']

function mediaSourceOf(source: Exclude<WireSource, { type: 'content' }>): MediaSource {
  switch (source.type) {
    case 'base64':
      return { kind: 'base64', mediaType: source.media_type, data: source.data }
    case 'url':
      return { kind: 'url', url: source.url }
    case 'file':
      return { kind: 'file', fileId: source.file_id, shape: 'anthropic' }
    case 'text':
      return { kind: 'text', text: source.data, ...(source.media_type ? { mediaType: source.media_type } : {}) }
    default:
      return source satisfies never
  }
}

function documentParts(wire: z.infer<typeof documentSchema>, path: string, inputTextOf: InputTextOf): readonly Part[] {
  const { source, title, context } = wire
  const head: readonly Part[] = context ? [{ type: 'text', text: context }] : []
  const document = (media: MediaSource): DocumentPart => {
    return { type: 'document', source: media, ...(title ? { name: title } : {}), ...cacheOf(wire.cache_control) }
  }
  if (source.type !== 'content') return [...head, document(mediaSourceOf(source))]
  // A document made of blocks: its text stays one document, its images stand behind it.
  const parts = partsOf(source.content, `${path}.source.content`, inputTextOf)
  const text = parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n\n')
  return [...head, document({ kind: 'text', text }), ...parts.filter((part) => part.type !== 'text')]
}
