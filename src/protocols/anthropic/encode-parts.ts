// One part of the IR to a content block of this wire, for a request (translation.md §2, column O->A).
import { invalidValue } from '../../ir/errors.ts'
import type { CacheHint, DocumentPart, MediaSource, Part, ToolCallPart, ToolResultPart } from '../../ir/request.ts'
import { safeToolId } from '../../lib/identifiers.ts'
import { isObject } from '../wire.ts'
import { isForeignSignature } from './signature.ts'
import type { ToolNames } from '../tool-names.ts'
import type { Warnings } from '../warnings.ts'

/** Fresh, so that what comes later may still take a breakpoint off it. */
export interface Block {
  readonly type: string
  [field: string]: unknown
}

export interface PartContext {
  readonly warnings: Warnings
  readonly names: ToolNames
}

const maxToolIdLength = 256

/**
 * @param path where the part stands, for errors
 * @returns null for what this wire has no block for and needs none: unsigned thinking, an empty text
 * @throws GatewayError invalid_value
 */
export function blockOf(part: Part, path: string, context: PartContext): Block | null {
  switch (part.type) {
    case 'text':
      return part.text === '' ? null : { type: 'text', text: part.text, ...cacheControlOf(part.cache, path, context) }
    case 'refusal':
      return part.text === '' ? null : { type: 'text', text: part.text }
    case 'image':
      return { type: 'image', source: imageSourceOf(part.source, path), ...cacheControlOf(part.cache, path, context) }
    case 'document':
      return documentOf(part, path, context)
    case 'thinking':
      // Unsigned thinking is another model's: the API would refuse it.
      return isForeignSignature(part.signature) ? null : { type: 'thinking', thinking: part.text, signature: part.signature }
    case 'redactedThinking':
      return { type: 'redacted_thinking', data: part.data }
    case 'toolCall':
      return toolUseOf(part, path, context)
    case 'toolResult':
      return toolResultOf(part, path, context)
    case 'opaque':
      if (part.shape === 'anthropic' && isObject(part.raw)) return { ...part.raw, type: part.kind }
      throw invalidValue(`${path}.type`, `content of type \`${part.kind.slice(0, 60)}\` cannot be carried to this model`)
    default:
      return part satisfies never
  }
}

/** The id as this wire takes it: a call and its result go through the same function, so they stay linked. */
export function wireToolId(id: string): string {
  return safeToolId(id, maxToolIdLength)
}

/** A breakpoint that lasts at least as long as was asked for. */
export function cacheControlOf(
  cache: CacheHint | undefined,
  path: string,
  context: Pick<PartContext, 'warnings'>,
): { cache_control?: Record<string, unknown> } {
  if (!cache) return {}
  if (cache.ttl === '30m') context.warnings.changed(`${path}.cache_control`, 'Anthropic caches for 5m or 1h: 30m became 1h')
  const ttl = cache.ttl === '30m' ? '1h' : cache.ttl
  return { cache_control: ttl === undefined ? { type: 'ephemeral' } : { type: 'ephemeral', ttl } }
}

function imageSourceOf(source: MediaSource, path: string): Record<string, unknown> {
  switch (source.kind) {
    case 'base64':
      return { type: 'base64', media_type: source.mediaType === 'image/jpg' ? 'image/jpeg' : source.mediaType, data: source.data }
    case 'url':
      return urlSourceOf(source.url, path)
    case 'file':
      return fileSourceOf(source, path)
    case 'text':
      throw invalidValue(path, 'an image cannot be given as text')
    default:
      return source satisfies never
  }
}

function urlSourceOf(url: string, path: string): Record<string, unknown> {
  if (/^https?:\/\//i.test(url)) return { type: 'url', url }
  throw invalidValue(path, 'only http(s) and data URLs can be carried to this model')
}

function fileSourceOf(source: Extract<MediaSource, { kind: 'file' }>, path: string): Record<string, unknown> {
  if (source.shape === 'anthropic') return { type: 'file', file_id: source.fileId }
  throw invalidValue(path, 'a file held by another provider cannot be carried to this model: send its content')
}

function documentOf(part: DocumentPart, path: string, context: PartContext): Block | null {
  const { source, name, cache } = part
  const wireSource = documentSourceOf(source, path)
  if (wireSource['type'] === 'text' && wireSource['data'] === '') return null
  const title = name === undefined ? {} : { title: name }
  return { type: 'document', source: wireSource, ...title, ...cacheControlOf(cache, path, context) }
}

function documentSourceOf(source: MediaSource, path: string): Record<string, unknown> {
  switch (source.kind) {
    case 'text':
      return { type: 'text', media_type: 'text/plain', data: source.text }
    case 'url':
      return urlSourceOf(source.url, path)
    case 'file':
      return fileSourceOf(source, path)
    case 'base64':
      if (source.mediaType === 'application/pdf') return { type: 'base64', media_type: source.mediaType, data: source.data }
      if (source.mediaType.startsWith('text/')) return { type: 'text', media_type: 'text/plain', data: textOf(source.data, path) }
      throw invalidValue(
        path,
        `a file of type \`${source.mediaType.slice(0, 60)}\` cannot be carried to this model: only PDF and text`,
      )
    default:
      return source satisfies never
  }
}

function textOf(base64: string, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)))
  } catch {
    throw invalidValue(path, 'the file is not UTF-8 text in base64')
  }
}

function toolUseOf(part: ToolCallPart, path: string, context: PartContext): Block {
  const input = inputOf(part.argsText)
  if (input === undefined) {
    context.warnings.changed(`${path}.arguments`, 'the arguments are not a JSON object: sent as `_invalid_arguments`')
  }
  return {
    type: 'tool_use',
    id: wireToolId(part.id),
    name: context.names.sent(part.name),
    input: input ?? { _invalid_arguments: part.argsText },
    ...cacheControlOf(part.cache, path, context),
  }
}

/** The parsed arguments; undefined for broken JSON and for what is no object. */
export function inputOf(argsText: string): Record<string, unknown> | undefined {
  if (argsText.trim() === '') return {}
  try {
    const parsed: unknown = JSON.parse(argsText)
    if (parsed === null) return {}
    return isObject(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

function toolResultOf(part: ToolResultPart, path: string, context: PartContext): Block {
  const content = part.parts.flatMap((inner, index) => blockOf(inner, `${path}.content[${index}]`, context) ?? [])
  return {
    type: 'tool_result',
    tool_use_id: wireToolId(part.callId),
    ...(content.length === 0 ? {} : { content }),
    ...(part.isError ? { is_error: true } : {}),
    ...cacheControlOf(part.cache, path, context),
  }
}
