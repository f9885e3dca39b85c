// Tools at our door, one by one in the shapes that clients mix (clients.md §7): chat's nested ones, Responses' flat ones and
// Anthropic's bare ones.
import * as z from 'zod'
import { invalidValue } from '../../ir/errors.ts'
import type { CacheHint, Tool, ToolChoice } from '../../ir/request.ts'
import { cacheHintSchema, cacheOf } from './decode-parts.ts'
import { given, isObject, readWire } from '../wire.ts'

export function toolsOf(
  tools: readonly unknown[] | null | undefined,
  functions: readonly unknown[] | null | undefined,
): readonly Tool[] {
  return [
    ...(tools ?? []).map((tool, index) => toolOf(tool, `tools[${index}]`)),
    ...(functions ?? []).map((tool, index) => functionTool(readWire(functionSchema, tool, `functions[${index}]`), undefined)),
  ]
}

/** @throws GatewayError invalid_value for a choice that none of the three wires has */
export function toolChoiceOf(choice: unknown): ToolChoice | undefined {
  if (choice === undefined || choice === null) return undefined
  if (typeof choice === 'string') return wordChoiceOf(choice)
  const wire = readWire(choiceSchema, choice, 'tool_choice')
  if (wire.type === 'allowed_tools') {
    const allowed = wire.allowed_tools ?? wire
    return { type: 'allowed', mode: allowed.mode === 'required' ? 'required' : 'auto', names: (allowed.tools ?? []).map(nameOf) }
  }
  const name = wire.function?.name ?? wire.custom?.name ?? wire.name
  if (name !== undefined) return { type: 'tool', name }
  return wordChoiceOf(wire.type ?? '')
}

const functionSchema = z.looseObject({
  name: z.string(),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
  ...cacheHintSchema.shape,
})

const anthropicSchema = z.looseObject({
  name: z.string(),
  description: z.string().nullish(),
  input_schema: z.record(z.string(), z.unknown()),
  strict: z.boolean().nullish(),
  ...cacheHintSchema.shape,
})

const customSchema = z.looseObject({
  name: z.string(),
  description: z.string().nullish(),
  format: z.looseObject({ type: z.string() }).nullish(),
})

const named = z.looseObject({ name: z.string() })
const allowedSchema = z.looseObject({ mode: z.string().nullish(), tools: z.array(z.looseObject({})).nullish() })
const choiceSchema = allowedSchema.extend({
  type: z.string().optional(),
  name: z.string().optional(),
  function: named.optional(),
  custom: named.optional(),
  allowed_tools: allowedSchema.optional(),
})

function toolOf(tool: unknown, path: string): Tool {
  if (!isObject(tool)) throw invalidValue(path, `\`${path}\` must be an object`)
  const { type } = tool
  if (type === 'function' && isObject(tool['function'])) {
    return functionTool(readWire(functionSchema, tool['function'], `${path}.function`), cacheOf(tool))
  }
  if ('input_schema' in tool) {
    const { input_schema: parameters, ...rest } = readWire(anthropicSchema, tool, path)
    return functionTool({ ...rest, parameters }, undefined)
  }
  if (type === 'function' || type === undefined) return functionTool(readWire(functionSchema, tool, path), undefined)
  if (type === 'custom') return customTool(tool, path)
  const name = typeof tool['name'] === 'string' ? { name: tool['name'] } : {}
  return { kind: 'vendor', shape: 'openai', type: String(type), ...name, raw: tool }
}

function functionTool(wire: z.infer<typeof functionSchema>, outerCache: CacheHint | undefined): Tool {
  return {
    kind: 'function',
    name: wire.name,
    ...given('description', wire.description),
    ...given('parameters', wire.parameters),
    ...given('strict', wire.strict),
    ...given('cache', outerCache ?? cacheOf(wire)),
  }
}

// `raw` is always chat's own nested form, so that a provider of this wire takes it.
function customTool(tool: Record<string, unknown>, path: string): Tool {
  const flat = !isObject(tool['custom'])
  const { name, description, format } = readWire(customSchema, flat ? tool : tool['custom'], path)
  const custom = {
    name,
    ...given('description', description),
    ...given('format', flat && format ? nestedFormat(format) : format),
  }
  return { kind: 'vendor', shape: 'openai', type: 'custom', name, raw: { type: 'custom', custom } }
}

function nestedFormat(format: { readonly type: string }): Record<string, unknown> {
  const { type, ...grammar } = format
  return type === 'grammar' ? { type, grammar } : { type }
}

function wordChoiceOf(word: string): ToolChoice {
  if (word === 'auto' || word === 'none' || word === 'required') return { type: word }
  if (word === 'any') return { type: 'required' }
  throw invalidValue('tool_choice', `\`tool_choice\` \`${word.slice(0, 40)}\` is not known`)
}

function nameOf(tool: Record<string, unknown>): string {
  const inner = isObject(tool['function']) ? tool['function'] : isObject(tool['custom']) ? tool['custom'] : tool
  const { name } = inner
  if (typeof name === 'string') return name
  throw invalidValue('tool_choice.allowed_tools.tools', 'an allowed tool needs a name')
}
