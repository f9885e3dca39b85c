// Requests of another wire, made of IR, and what becomes of them on this one.
import type { LanguageModelRequest, Message, Part, RequestContent } from '../../../src/ir/request.ts'
import type { Target } from '../../../src/protocols/protocol.ts'
import { openaiProtocol } from '../../../src/protocols/openai/index.ts'
import { bodyOf, bytesOf, localTarget } from './fixtures.ts'

const { encodeRequest } = openaiProtocol.client
export const text = (value: string) => ({ type: 'text', text: value }) as const
export const user = (...parts: readonly Part[]): Omit<Message, 'path'> => ({ role: 'user', parts })
export const assistant = (...parts: readonly Part[]): Omit<Message, 'path'> => ({ role: 'assistant', parts })
export const call = (id: string, argsText = '{"a":1}', name = 'f') => ({ type: 'toolCall', id, name, argsText }) as const
export const result = (callId: string, ...parts: readonly Part[]) =>
  ({ type: 'toolResult', callId, parts, isError: false }) as const
export const wireCall = (id: string, args = '{"a":1}', name = 'f') => ({
  id,
  type: 'function',
  function: { name, arguments: args },
})
export const png = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAA=' } } as const
export const wirePng = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAA=' } }

export function request(
  content: Partial<Omit<RequestContent, 'messages'>> & { messages?: readonly Omit<Message, 'path'>[] },
  stream = false,
): LanguageModelRequest {
  const messages = (content.messages ?? [user(text('Hi'))]).map(({ role, parts }, index) => ({
    role,
    parts,
    path: `messages[${index}]`,
  }))
  const whole: RequestContent = { system: [], tools: [], stop: [], unmapped: {}, ...content, messages }
  return {
    shape: 'anthropic',
    model: 'gpt-5-mini',
    stream,
    includeUsage: true,
    source: { bytes: bytesOf('{}'), headers: new Headers({ 'anthropic-beta': 'x' }) },
    traits: { hasTools: false, hasImages: false, wantsStructuredOutput: false, estimatedInputTokens: 1 },
    content: () => whole,
  }
}

export function encoded(content: Parameters<typeof request>[0], target: Target = localTarget, stream = false) {
  const out = encodeRequest(request(content, stream), target)
  return { ...out, json: JSON.parse(bodyOf(out)), warned: out.warnings.map(({ field, action }) => `${field} ${action}`) }
}
