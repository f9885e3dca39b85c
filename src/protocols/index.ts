// The wires we speak. A new one is a folder and a line here.
import type { Shape } from '../ir/stream.ts'
import { anthropicProtocol } from './anthropic/index.ts'
import { openaiProtocol } from './openai/index.ts'
import { openaiResponsesProtocol } from './openai-responses/index.ts'
import type { Protocol } from './protocol.ts'

export const protocols: Record<Shape, Protocol> = {
  anthropic: anthropicProtocol,
  openai: openaiProtocol,
  'openai-responses': openaiResponsesProtocol,
}
