// Tools and how they may be chosen (translation.md §2: tools, tool name, tool_choice, parallel, response_format).
import type { ModelCapabilities } from '../../catalog/capabilities.ts'
import { invalidValue } from '../../ir/errors.ts'
import type { JsonSchema, RequestContent, Tool, ToolChoice } from '../../ir/request.ts'
import { isObject } from '../wire.ts'
import { cacheControlOf } from './encode-parts.ts'
import { strictSchemaOf } from './strict-schema.ts'
import type { ToolNames } from '../tool-names.ts'
import type { Warnings } from '../warnings.ts'

/** Fresh, so that what comes later may still take a breakpoint off it. */
export type WireTool = Record<string, unknown>

export interface ToolFields {
  readonly tools: readonly WireTool[]
  readonly toolChoice?: Readonly<Record<string, unknown>>
  /** The model must call a tool: it cannot think first. */
  readonly forced: boolean
  /** The tool whose arguments are the answer. */
  readonly answerTool?: string
}

/** @throws GatewayError invalid_value for tools that only their own vendor can run */
export function toolFieldsOf(
  content: RequestContent,
  capabilities: ModelCapabilities,
  names: ToolNames,
  warnings: Warnings,
): ToolFields {
  const { toolChoice, output } = content
  const own = content.tools.flatMap((tool, index) => {
    const allowed = toolChoice?.type !== 'allowed' || (tool.name !== undefined && toolChoice.names.includes(tool.name))
    return allowed ? toolOf(tool, `tools[${index}]`, toolChoice, capabilities, names, warnings) : []
  })
  const schema = output?.type === 'jsonSchema' && !capabilities.structuredOutput ? output.schema : undefined
  const answerTool = schema && freeNameOf(own)
  const tools = schema && answerTool !== undefined ? [...own, answerToolOf(answerTool, schema)] : own
  if (tools.length === 0) return { tools, forced: false }
  const wanted = choiceBeside(answerTool, own, toolChoice) ?? choiceOf(toolChoice, names)
  const choice = capabilities.refusesForcedTools === true ? unforced(wanted, warnings) : wanted
  const single = content.parallelToolCalls === false && choice?.['type'] !== 'none'
  const wireChoice = single ? { ...(choice ?? { type: 'auto' }), disable_parallel_tool_use: true } : choice
  const forced = choice?.['type'] === 'any' || choice?.['type'] === 'tool'
  return {
    tools,
    forced,
    ...(wireChoice === undefined ? {} : { toolChoice: wireChoice }),
    ...(answerTool === undefined ? {} : { answerTool }),
  }
}

function toolOf(
  tool: Tool,
  path: string,
  choice: ToolChoice | undefined,
  capabilities: ModelCapabilities,
  names: ToolNames,
  warnings: Warnings,
): readonly WireTool[] {
  if (tool.kind === 'function') {
    const { description, parameters, cache } = tool
    const isStrict = tool.strict === true && capabilities.strictTools
    const given = inputSchemaOf(parameters)
    const { schema, changed } = isStrict ? strictSchemaOf(given) : { schema: given, changed: false }
    if (changed && parameters !== undefined) {
      warnings.changed(path, 'its objects were closed, and what the model cannot be held to it is told in words')
    }
    const wire = {
      name: names.sent(tool.name),
      ...(description === undefined ? {} : { description }),
      input_schema: schema,
      ...(isStrict ? { strict: true } : {}),
      ...cacheControlOf(cache, path, { warnings }),
    }
    return [wire]
  }
  if (tool.shape === 'anthropic' && isObject(tool.raw)) return [{ ...tool.raw }]
  if (tool.type === 'custom')
    throw invalidValue(`${path}.type`, 'a custom tool cannot be carried to this model: it calls functions only')
  if (choice?.type === 'tool' && choice.name === (tool.name ?? tool.type)) {
    throw invalidValue('tool_choice', `the tool \`${choice.name.slice(0, 60)}\` belongs to another provider`)
  }
  warnings.dropped(path, `the tool \`${tool.type.slice(0, 60)}\` belongs to another provider`)
  return []
}

// The API insists on an object schema; OpenAI's clients leave it out for tools without arguments.
function inputSchemaOf(parameters: JsonSchema | undefined): JsonSchema {
  if (parameters === undefined) return { type: 'object', properties: {} }
  return parameters['type'] === undefined ? { ...parameters, type: 'object' } : parameters
}

function choiceOf(choice: ToolChoice | undefined, names: ToolNames): Record<string, unknown> | undefined {
  switch (choice?.type) {
    case undefined:
      return undefined
    case 'auto':
    case 'none':
      return { type: choice.type }
    case 'required':
      return { type: 'any' }
    case 'tool':
      return { type: 'tool', name: names.sent(choice.name) }
    case 'allowed':
      return { type: choice.mode === 'required' ? 'any' : 'auto' }
    default:
      return choice satisfies never
  }
}

function unforced(choice: Record<string, unknown> | undefined, warnings: Warnings): Record<string, unknown> | undefined {
  if (choice?.['type'] !== 'any' && choice?.['type'] !== 'tool') return choice
  warnings.changed('tool_choice', 'this model cannot be made to call a tool: whether it does is left to it')
  return { type: 'auto' }
}

// A model without structured output answers through a tool whose arguments are the answer. Beside other tools the choice
// stays the model's, but a call there must be.
function choiceBeside(
  answerTool: string | undefined,
  own: readonly WireTool[],
  choice: ToolChoice | undefined,
): Record<string, unknown> | undefined {
  if (answerTool === undefined || choice?.type === 'tool') return undefined
  return own.length === 0 || choice?.type === 'none' ? { type: 'tool', name: answerTool } : { type: 'any' }
}

function answerToolOf(name: string, schema: JsonSchema): WireTool {
  return {
    name,
    description: 'Gives the final answer. Its arguments are the whole answer.',
    input_schema: inputSchemaOf(schema),
  }
}

function freeNameOf(tools: readonly WireTool[]): string {
  const taken = new Set(tools.map((tool) => tool['name']))
  let name = 'answer_as_json'
  while (taken.has(name)) name += '_'
  return name
}
