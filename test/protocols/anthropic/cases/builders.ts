// What the translation cases are built of: the shapes of a case, and the shortest parts and messages.
import type { ModelCapabilities } from '../../../../src/catalog/capabilities.ts'
import type { Message, Part, RequestContent } from '../../../../src/ir/request.ts'
import { manual } from '../support.ts'

export interface EncodeCase {
  readonly row: string
  readonly content: Partial<RequestContent>
  readonly model?: ModelCapabilities
  readonly stream?: boolean
  /** Top-level fields of the body; undefined = must be absent. */
  readonly body: Readonly<Record<string, unknown>>
  /** Fields named in warnings; none when absent. */
  readonly warns?: readonly string[]
}

export interface RefusalCase {
  readonly row: string
  readonly content: Partial<RequestContent>
  readonly model?: ModelCapabilities
  readonly param: string
}

export const text = (content: string): Part => ({ type: 'text', text: content })
export const user = (...parts: readonly Part[]): Message => ({ role: 'user', parts, path: 'messages[0]' })
export const assistant = (...parts: readonly Part[]): Message => ({ role: 'assistant', parts, path: 'messages[1]' })
export const system = (content: string): Message => ({ role: 'system', parts: [text(content)], path: 'messages[2]' })
export const call = (id: string, argsText = '{}', name = 'f'): Part => ({ type: 'toolCall', id, name, argsText })
export const result = (callId: string, ...parts: readonly Part[]): Part => ({ type: 'toolResult', callId, parts, isError: false })
export const hi = [user(text('hi'))]
export const wireHi = { role: 'user', content: [{ type: 'text', text: 'hi' }] }
export const tool = { kind: 'function', name: 'f' } as const
export const wireTool = { name: 'f', input_schema: { type: 'object', properties: {} } }
export const toolUse = { type: 'tool_use', id: 'a', name: 'f', input: {} }
export const longName = 'n'.repeat(140)
export const schema = { type: 'object', properties: { x: { type: 'number' } }, additionalProperties: false }
export const forced: ModelCapabilities = { ...manual, structuredOutput: true }
