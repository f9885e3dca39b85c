// What the engine needs of every request, from one walk over the parsed body that copies nothing: no zod, no decoding.
import type { RequestTraits } from '../../ir/request.ts'
import { audioTokensOf, documentTokensOf, promptTokensOf, tokensPerImage } from '../prompt-tokens.ts'
import { isObject } from '../wire.ts'

/** `bodyBytes`: length of the whole body, from which media are taken off. */
export function traitsOf(body: Record<string, unknown>, messages: readonly unknown[], bodyBytes: number): RequestTraits {
  const media = mediaOf(messages)
  const toolCount = lengthOf(body['tools']) + lengthOf(body['functions'])
  const maxOutputTokens = [body['max_completion_tokens'], body['max_tokens']].find((value) => typeof value === 'number')
  return {
    hasTools: toolCount > 0,
    hasImages: media.images > 0,
    wantsStructuredOutput: isObject(body['response_format']) && structured.has(body['response_format']['type']),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(typeof body['n'] === 'number' && body['n'] > 1 ? { answers: body['n'] } : {}),
    estimatedInputTokens: promptTokensOf({ bodyBytes, messages: messages.length, tools: toolCount, media }),
  }
}

const structured = new Set<unknown>(['json_schema', 'json_object'])

/**
 * True for the mixtures that Cursor sends: Anthropic blocks in chat messages, flat or Anthropic-shaped tools (clients.md §7).
 * No provider takes them as they are.
 */
export function isMixed(body: Record<string, unknown>, messages: readonly unknown[]): boolean {
  const { tools } = body
  if (Array.isArray(tools) && tools.some(isForeignTool)) return true
  return messages.some((message) => contentArrayOf(message).some(isForeignBlock))
}

function isForeignTool(tool: unknown): boolean {
  if (!isObject(tool)) return false
  if (tool['type'] === 'function') return !isObject(tool['function'])
  return tool['type'] === 'custom' ? !isObject(tool['custom']) : 'input_schema' in tool
}

const foreignBlocks = new Set<unknown>(['tool_use', 'tool_result', 'redacted_thinking', 'document', 'input_text', 'output_text'])

function isForeignBlock(block: unknown): boolean {
  if (!isObject(block)) return false
  if (block['type'] === 'image') return isObject(block['source'])
  // Mistral has blocks of this name too; theirs hold a list.
  if (block['type'] === 'thinking') return typeof block['thinking'] === 'string'
  return foreignBlocks.has(block['type'])
}

interface Media {
  images: number
  tokens: number
  encodedCharacters: number
}

function mediaOf(messages: readonly unknown[]): Media {
  const media = { images: 0, tokens: 0, encodedCharacters: 0 }
  for (const message of messages) {
    if (!isObject(message)) continue
    countMedia(message['content'], media)
    // What a tool gave back, among the items of Responses.
    countMedia(message['output'], media)
  }
  return media
}

function countMedia(content: unknown, media: Media): void {
  if (!Array.isArray(content)) return
  for (const block of content) {
    if (!isObject(block)) continue
    if (block['type'] === 'tool_result') countMedia(block['content'], media)
    const image = imageDataOf(block)
    if (image !== undefined) {
      media.images++
      media.tokens += tokensPerImage
      media.encodedCharacters += image.length
      continue
    }
    const file = fileDataOf(block)
    const audio = audioDataOf(block)
    if (file !== undefined) media.tokens += documentTokensOf(file.length)
    if (audio !== undefined) media.tokens += audioTokensOf(audio.length)
    media.encodedCharacters += (file ?? audio ?? '').length
  }
}

function imageDataOf(block: Record<string, unknown>): string | undefined {
  const { image_url: image, source } = block
  if (typeof image === 'string') return image
  if (isObject(image)) return typeof image['url'] === 'string' ? image['url'] : ''
  if (block['type'] !== 'image') return undefined
  return isObject(source) && typeof source['data'] === 'string' ? source['data'] : ''
}

/** Chat's `file`, Responses' `input_file` and Anthropic's `document`; undefined for one that is not sent along. */
function fileDataOf({ type, file, file_data: flat, source }: Record<string, unknown>): string | undefined {
  if (type === 'document') return isObject(source) && source['type'] === 'base64' ? asText(source['data']) : undefined
  return isObject(file) ? asText(file['file_data']) : asText(flat)
}

function audioDataOf({ input_audio: audio }: Record<string, unknown>): string | undefined {
  return isObject(audio) ? asText(audio['data']) : undefined
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function contentArrayOf(message: unknown): readonly unknown[] {
  if (!isObject(message)) return []
  return Array.isArray(message['content']) ? message['content'] : []
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0
}
