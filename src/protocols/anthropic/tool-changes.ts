// Tools that Claude Code turns on and off inside a conversation (betas mid-conversation-tool-changes, inline-tools, 2026). A
// wire without that offers every tool all the time, so a change says nothing there; only a tool defined inline must be found.
import { isObject } from '../wire.ts'

const changes = new Set(['tool_addition', 'tool_removal'])

export function isToolChange(block: { readonly type: string }): boolean {
  return changes.has(block.type)
}

export interface InlineTool {
  /** An entry as `tools` has them. */
  readonly definition: unknown
  readonly path: string
}

/** Tools defined in messages whose names `declared` does not hold; the first definition of a name counts. */
export function inlineToolsOf(messages: readonly unknown[], declared: readonly unknown[]): readonly InlineTool[] {
  const known = new Set(declared.map(nameOf))
  const found: InlineTool[] = []
  for (const [index, message] of messages.entries()) {
    if (!isObject(message) || !Array.isArray(message['content'])) continue
    for (const [place, block] of message['content'].entries()) {
      const definition = definitionOf(block)
      const name = nameOf(definition)
      if (name === undefined || known.has(name)) continue
      known.add(name)
      found.push({ definition, path: `messages[${index}].content[${place}].tool.definition` })
    }
  }
  return found
}

function definitionOf(block: unknown): unknown {
  if (!isObject(block) || block['type'] !== 'tool_addition') return undefined
  const { tool } = block
  return isObject(tool) && tool['type'] === 'tool_definition' ? tool['definition'] : undefined
}

function nameOf(tool: unknown): string | undefined {
  return isObject(tool) && typeof tool['name'] === 'string' ? tool['name'] : undefined
}
