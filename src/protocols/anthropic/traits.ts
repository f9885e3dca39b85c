// What the engine must know of every request, read from the parsed body without copying it.
import type { RequestTraits } from '../../ir/request.ts'
import { documentTokensOf, promptTokensOf, tokensPerImage } from '../prompt-tokens.ts'
import { given, isObject } from '../wire.ts'
import type { Envelope } from './envelope.ts'

export function traitsOf(envelope: Envelope, bodyBytes: number): RequestTraits {
  const { body, messages } = envelope
  const media = { images: 0, tokens: 0, encodedCharacters: 0 }
  for (const message of messages) if (isObject(message)) countMedia(message['content'], media)
  const maxOutputTokens = body['max_tokens']
  const tools = Array.isArray(body['tools']) ? body['tools'].length : 0
  return {
    hasTools: tools > 0,
    hasImages: media.images > 0,
    wantsStructuredOutput:
      isObject(body['output_format']) || (isObject(body['output_config']) && isObject(body['output_config']['format'])),
    ...(typeof maxOutputTokens === 'number' ? { maxOutputTokens } : {}),
    estimatedInputTokens: promptTokensOf({ bodyBytes, messages: messages.length, tools, media }),
    ...claudeCodeIds(body['metadata']),
  }
}

interface Media {
  images: number
  tokens: number
  encodedCharacters: number
}

function countMedia(content: unknown, media: Media): void {
  if (!Array.isArray(content)) return
  for (const block of content) {
    if (!isObject(block)) continue
    const { type, source } = block
    if (type === 'tool_result') countMedia(block['content'], media)
    if (type === 'image') {
      media.images += 1
      media.tokens += tokensPerImage
    }
    if ((type !== 'image' && type !== 'document') || !isObject(source)) continue
    if (source['type'] !== 'base64' || typeof source['data'] !== 'string') continue
    media.encodedCharacters += source['data'].length
    if (type === 'document') media.tokens += documentTokensOf(source['data'].length)
  }
}

// Claude Code puts JSON into user_id; before 2.1 it was `user_<hash>_account_<uuid>_session_<uuid>`.
function claudeCodeIds(metadata: unknown): { clientSessionId?: string; deviceId?: string } {
  if (!isObject(metadata) || typeof metadata['user_id'] !== 'string') return {}
  const userId = metadata['user_id']
  const older = /^user_(\w+)_account_[\w-]*_session_([\w-]+)$/.exec(userId)
  if (older) return { ...given('deviceId', older[1]), ...given('clientSessionId', older[2]) }
  if (!userId.startsWith('{')) return {}
  try {
    const ids: unknown = JSON.parse(userId)
    if (!isObject(ids)) return {}
    return { ...given('clientSessionId', textOf(ids['session_id'])), ...given('deviceId', textOf(ids['device_id'])) }
  } catch {
    return {}
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
