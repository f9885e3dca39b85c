// The wires we speak. A new one is a folder and a line here.
import { anthropicProtocol } from './anthropic/index.ts'
import { openaiProtocol } from './openai/index.ts'
import type { Protocol } from './protocol.ts'

export const protocols: Record<'anthropic' | 'openai', Protocol> = {
  anthropic: anthropicProtocol,
  openai: openaiProtocol,
}
