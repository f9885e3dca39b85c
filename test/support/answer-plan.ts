// What the mock provider answers, in no vendor's words: a pure function of what was asked, so that a test can foretell every
// token and compare wires. anthropic-answers.ts and openai-answers.ts read the question and render the plan.
import { listOf, objectOf, textOf, type JsonObject } from './json.ts'

/** What of a request decides its answer. */
export interface Question {
  readonly model: string
  readonly stream: boolean
  /** Text of the last user turn. */
  readonly lastUserText: string
  /** Characters of system, messages and tools: what input tokens are counted from (4 a token). */
  readonly promptChars: number
  readonly images: number
  readonly tools: readonly ToolOffer[]
  /** Results that stand after the last assistant turn. */
  readonly toolResults: readonly string[]
  /** `none` = no call allowed, `many` = as the model likes, else the one tool it must call. */
  readonly toolChoice: 'none' | 'many' | 'one' | { readonly name: string }
  readonly thinks: boolean
  /** JSON schema the answer must follow. */
  readonly schema?: JsonObject
  readonly maxTokens?: number
  /** The client marked something to be cached. */
  readonly marksCache: boolean
}

export interface ToolOffer {
  readonly name: string
  readonly schema: JsonObject
}

export type PlannedPart =
  | { readonly type: 'thinking'; readonly text: string; readonly signature: string }
  | { readonly type: 'text'; readonly text: string }
  /** `id` without the vendor's prefix (`toolu_`, `call_`); `args` is JSON text. */
  | { readonly type: 'tool'; readonly id: string; readonly name: string; readonly args: string }

/** Disjoint input buckets, as in src/ir/usage.ts. */
export interface PlannedUsage {
  readonly inputUncached: number
  readonly cacheRead: number
  readonly cacheWrite5m: number
  /** Reasoning included. */
  readonly output: number
  readonly reasoning: number
}

export interface AnswerPlan {
  readonly parts: readonly PlannedPart[]
  readonly stop: 'end' | 'tool' | 'length' | 'refusal'
  readonly usage: PlannedUsage
}

/** Two parallel tool calls when tools are offered and no result is there yet; text otherwise; thinking first when asked. */
export function planAnswer(question: Question): AnswerPlan {
  const thinking: PlannedPart[] = question.thinks ? [{ type: 'thinking', text: thought, signature }] : []
  const calls = callsOf(question)
  const whole = calls.length > 0 ? `Let me look that up.` : replyOf(question)
  const budgetChars = (question.maxTokens ?? Infinity) * charsPerToken
  const cut = calls.length === 0 && whole.length > budgetChars
  const text: PlannedPart = { type: 'text', text: cut ? whole.slice(0, budgetChars) : whole }
  const parts = [...thinking, text, ...calls]
  return { parts, stop: cut ? 'length' : calls.length > 0 ? 'tool' : 'end', usage: usageOf(question, parts) }
}

/** Tokens the mock counts for text: 4 characters each, rounded up. */
export function tokensOf(chars: number): number {
  return Math.ceil(chars / charsPerToken)
}

const charsPerToken = 4
const thought = 'The user wants an answer. I will give a short one.'
/** The form of a real one: base64, opaque. */
const signature = 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds+mock'

function replyOf(question: Question): string {
  if (question.schema) return JSON.stringify(exampleOf(question.schema))
  const seen = question.images > 0 ? `I see ${question.images} image${question.images > 1 ? 's' : ''}. ` : ''
  if (question.toolResults.length > 0) return `${seen}The tools said: ${question.toolResults.join(' | ')}. Done ✓`
  return `${seen}You said: "${question.lastUserText.slice(0, 200)}". Héllo from the mock ✓`
}

function callsOf(question: Question): readonly PlannedPart[] {
  const { tools, toolChoice } = question
  if (tools.length === 0 || question.toolResults.length > 0 || toolChoice === 'none') return []
  const named = typeof toolChoice === 'object' ? tools.filter((tool) => tool.name === toolChoice.name) : tools
  const first = named[0]
  if (!first) return []
  const called = toolChoice === 'many' ? [first, named[1] ?? first] : [first]
  return called.map((tool, index) => ({
    type: 'tool',
    id: `01Mock${index}${'A'.repeat(16)}`,
    name: tool.name,
    args: JSON.stringify(exampleOf(tool.schema)),
  }))
}

/** A value that the schema allows, for the part of JSON schema that tools use. */
export function exampleOf(schema: JsonObject, depth = 0): unknown {
  const choice = listOf(schema['enum'])[0] ?? schema['const']
  if (choice !== undefined) return choice
  const alternative = [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])][0]
  if (alternative !== undefined) return exampleOf(objectOf(alternative), depth)
  const type = Array.isArray(schema['type']) ? textOf(schema['type'][0]) : textOf(schema['type'])
  if (type === 'string') return 'Zürich'
  if (type === 'integer' || type === 'number') return numberIn(schema)
  if (type === 'boolean') return true
  if (type === 'null') return null
  if (depth > 6) return {}
  if (type === 'array') return [exampleOf(objectOf(schema['items']), depth + 1)]
  const properties = Object.entries(objectOf(schema['properties']))
  return Object.fromEntries(properties.map(([name, property]) => [name, exampleOf(objectOf(property), depth + 1)]))
}

function numberIn(schema: JsonObject): number {
  return typeof schema['minimum'] === 'number' ? schema['minimum'] : 7
}

function usageOf(question: Question, parts: readonly PlannedPart[]): PlannedUsage {
  const input = tokensOf(question.promptChars) + question.images * 1_000
  const cacheRead = question.marksCache ? Math.floor(input * 0.6) : 0
  const cacheWrite5m = question.marksCache ? Math.floor(input * 0.2) : 0
  const reasoning = tokensOf(lengthOf(parts.filter((part) => part.type === 'thinking')))
  const output = tokensOf(lengthOf(parts.filter((part) => part.type !== 'thinking'))) + reasoning
  return { inputUncached: input - cacheRead - cacheWrite5m, cacheRead, cacheWrite5m, output, reasoning }
}

function lengthOf(parts: readonly PlannedPart[]): number {
  return parts.reduce((sum, part) => sum + (part.type === 'tool' ? part.args.length : part.text.length), 0)
}

/** Cuts `text` into pieces of uneven, small size, never inside a surrogate pair. */
export function piecesOf(text: string): readonly string[] {
  const characters = [...text]
  const pieces: string[] = []
  let at = 0
  while (at < characters.length) {
    const size = 3 + ((at * 7) % 11)
    pieces.push(characters.slice(at, at + size).join(''))
    at += size
  }
  return pieces
}
