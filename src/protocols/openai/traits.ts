// What the engine needs of every request, from one walk over the parsed body that copies nothing: no zod, no decoding.
import type { RequestTraits } from '../../ir/request.ts'
import { estimateTokens } from '../../lib/tokens.ts'
import { isObject } from '../wire.ts'

// translation.md §6: flat per message, per tool and per image; the base64 of an image is not counted as text.
const tokensPerMessage = 3
const tokensPerTool = 8
const tokensPerImage = 1100

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
    estimatedInputTokens:
      estimateTokens(Math.max(0, bodyBytes - media.dataCharacters)) +
      messages.length * tokensPerMessage +
      toolCount * tokensPerTool +
      media.images * tokensPerImage,
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
  readonly images: number
  readonly dataCharacters: number
}

function mediaOf(messages: readonly unknown[]): Media {
  let images = 0
  let dataCharacters = 0
  for (const message of messages) {
    for (const block of contentArrayOf(message)) {
      if (!isObject(block)) continue
      const data = imageDataOf(block)
      if (data !== undefined) images++
      dataCharacters += data?.length ?? 0
    }
  }
  return { images, dataCharacters }
}

function imageDataOf(block: Record<string, unknown>): string | undefined {
  const { image_url: image, source } = block
  if (typeof image === 'string') return image
  if (isObject(image)) return typeof image['url'] === 'string' ? image['url'] : ''
  if (block['type'] !== 'image') return undefined
  return isObject(source) && typeof source['data'] === 'string' ? source['data'] : ''
}

function contentArrayOf(message: unknown): readonly unknown[] {
  if (!isObject(message)) return []
  return Array.isArray(message['content']) ? message['content'] : []
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0
}
