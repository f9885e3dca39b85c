// Tools and the choice among them, for an OpenAI-shaped provider (translation.md §2, column A->O).
import { invalidValue } from '../../ir/errors.ts'
import type { JsonSchema, RequestContent, Tool, ToolChoice } from '../../ir/request.ts'
import type { Target } from '../protocol.ts'
import type { Warnings } from '../warnings.ts'
import type { ToolNames } from '../tool-names.ts'

type Json = Record<string, unknown>

/** `tools`, `tool_choice` and `parallel_tool_calls`, or nothing when no tool is left. */
export function encodeTools(content: RequestContent, target: Target, names: ToolNames, warnings: Warnings): Json {
  const tools = content.tools.flatMap((tool) => encodeTool(tool, content.toolChoice, target, names, warnings))
  if (tools.length === 0) return {}
  return {
    tools,
    ...(content.toolChoice === undefined ? {} : { tool_choice: encodeChoice(content.toolChoice, content.tools, names) }),
    ...(content.parallelToolCalls === false ? { parallel_tool_calls: false } : {}),
  }
}

function encodeTool(
  tool: Tool,
  choice: ToolChoice | undefined,
  target: Target,
  names: ToolNames,
  warnings: Warnings,
): readonly Json[] {
  if (tool.kind === 'vendor') {
    if (isOwnCustom(tool)) return [{ ...tool.raw }]
    if (choice?.type === 'tool' && (choice.name === tool.name || choice.name === tool.type)) {
      throw invalidValue(
        'tool_choice',
        `the tool \`${choice.name}\` is run by another provider and cannot be chosen on this model`,
      )
    }
    warnings.dropped(`tools.${tool.type}`, 'this tool is run by another provider')
    return []
  }
  const { name, description, parameters, strict } = tool
  const definition = {
    name: names.sent(name),
    ...(description === undefined ? {} : { description }),
    parameters: parametersOf(parameters),
    ...(strict === undefined || !target.capabilities.strictTools ? {} : { strict }),
  }
  return [{ type: 'function', function: definition }]
}

/** Names of the tools that take text. */
export function customToolNames(tools: readonly Tool[]): ReadonlySet<string> {
  return new Set(
    tools.flatMap((tool) => (tool.kind === 'vendor' && isOwnCustom(tool) && tool.name !== undefined ? [tool.name] : [])),
  )
}

type VendorTool = Extract<Tool, { kind: 'vendor' }>

// Cursor's grammar tools; our decoder has given them chat's nested form.
function isOwnCustom(tool: VendorTool): tool is VendorTool & { readonly raw: object } {
  return tool.shape === 'openai' && tool.type === 'custom' && typeof tool.raw === 'object'
}

// OpenAI refuses an object schema without `properties`.
function parametersOf(parameters: JsonSchema | undefined): JsonSchema {
  if (parameters === undefined) return { type: 'object', properties: {} }
  return parameters['type'] === 'object' && parameters['properties'] === undefined
    ? { ...parameters, properties: {} }
    : parameters
}

function encodeChoice(choice: ToolChoice, tools: readonly Tool[], names: ToolNames): unknown {
  switch (choice.type) {
    case 'auto':
    case 'required':
    case 'none':
      return choice.type
    case 'tool':
      return namedTool(choice.name, tools, names)
    case 'allowed':
      return {
        type: 'allowed_tools',
        allowed_tools: { mode: choice.mode, tools: choice.names.map((name) => namedTool(name, tools, names)) },
      }
    default:
      return choice satisfies never
  }
}

function namedTool(name: string, tools: readonly Tool[], names: ToolNames): Json {
  return customToolNames(tools).has(name)
    ? { type: 'custom', custom: { name } }
    : { type: 'function', function: { name: names.sent(name) } }
}
