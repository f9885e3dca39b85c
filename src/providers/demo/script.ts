// What the demo answers, whatever the wire: made from the request alone, so that the same request gets the same answer.
import { shortHash } from '../../lib/identifiers.ts'
import { estimateTokens } from '../../lib/tokens.ts'
import { jsonSample } from './json-sample.ts'

/** A request, read off either wire. */
export interface DemoAsk {
  /** Without `demo:`. */
  readonly model: string
  /** What the user said last. */
  readonly prompt: string
  /** UTF-16 units of everything before the last message, and of the last message. */
  readonly earlierCharacters: number
  readonly lastCharacters: number
  /** The last message brings results of tools. */
  readonly hasResults: boolean
  /** Some answer of ours is in the conversation already. */
  readonly isLater: boolean
  /** The client asked for a prompt cache, or the wire's vendor caches by itself. */
  readonly cache: 'marked' | 'automatic' | 'none'
  readonly tools: readonly { readonly name: string; readonly schema: unknown }[]
  readonly toolUse: 'auto' | 'forbidden' | { readonly only: string }
  readonly parallel: boolean
  readonly thinks: boolean
  /** The answer is to be JSON of this schema. */
  readonly answerSchema?: unknown
  readonly maxTokens: number
  readonly stream: boolean
}

export interface DemoAnswer {
  /** Of the request: ids of the answer and of its calls are made from it. */
  readonly seed: string
  readonly thinking: string
  readonly text: string
  readonly calls: readonly { readonly id: string; readonly name: string; readonly argsText: string }[]
  readonly stop: 'end' | 'length' | 'toolUse'
  readonly tokens: {
    readonly uncached: number
    readonly cacheRead: number
    readonly cacheWrite: number
    readonly output: number
    readonly thinking: number
  }
}

export function answerTo(ask: DemoAsk): DemoAnswer {
  // Not of all of `ask`: a stream says the same as the whole answer.
  const seed = shortHash(JSON.stringify([ask.model, ask.prompt, ask.earlierCharacters, ask.lastCharacters, ask.tools]))
  const calls = ask.hasResults || ask.toolUse === 'forbidden' || ask.tools.length === 0 ? [] : callsOf(ask, seed)
  const thinking = ask.thinks
    ? `The question is about "${cut(ask.prompt, 60)}". I look at what is given, then answer briefly.`
    : ''
  const whole =
    ask.answerSchema === undefined ? proseOf(ask, calls.length, seed) : JSON.stringify(jsonSample(ask.answerSchema, seed))
  const room = Math.max(1, ask.maxTokens - estimateTokens(thinking.length))
  const fits = estimateTokens(whole.length) <= room
  // As much as the tokens that are left hold; a call that no longer fits is not made.
  const text = fits ? whole : firstOf(whole, Math.max(1, Math.floor(room * 3.6)))
  const made = fits ? calls : []
  const output =
    estimateTokens(thinking.length) +
    estimateTokens(text.length) +
    made.reduce((sum, call) => sum + estimateTokens(call.argsText.length) + 12, 0)
  return {
    seed,
    thinking,
    text,
    calls: made,
    stop: !fits ? 'length' : made.length > 0 ? 'toolUse' : 'end',
    tokens: {
      ...inputOf(ask),
      output: Math.min(output, Math.max(ask.maxTokens, 1)),
      thinking: Math.min(estimateTokens(thinking.length), ask.maxTokens),
    },
  }
}

/** Vendors cache from 1,024 tokens on; OpenAI in steps of 128. */
const cacheFrom = 1024
const cacheStep = 128

function inputOf(ask: DemoAsk): { uncached: number; cacheRead: number; cacheWrite: number } {
  const earlier = estimateTokens(ask.earlierCharacters)
  const last = Math.max(1, estimateTokens(ask.lastCharacters))
  const cacheable = Math.floor(earlier / cacheStep) * cacheStep
  if (ask.cache === 'none' || cacheable < cacheFrom) return { uncached: earlier + last, cacheRead: 0, cacheWrite: 0 }
  if (ask.isLater) return { uncached: earlier - cacheable + last, cacheRead: cacheable, cacheWrite: 0 }
  const written = ask.cache === 'marked' ? cacheable : 0
  return { uncached: earlier - written + last, cacheRead: 0, cacheWrite: written }
}

function callsOf(ask: DemoAsk, seed: string): DemoAnswer['calls'] {
  const wanted = ask.toolUse
  const usable = typeof wanted === 'object' ? ask.tools.filter(({ name }) => name === wanted.only) : ask.tools
  return usable.slice(0, ask.parallel && typeof wanted !== 'object' ? 2 : 1).map(({ name, schema }, index) => ({
    id: `${seed}${index}`,
    name,
    argsText: JSON.stringify(jsonSample(schema, `${seed}${index}`)),
  }))
}

const openings = ['Here is what I can say about', 'A short answer on', 'Let me take', 'In brief, on']
const bodies = [
  'There are two parts to it: what is known, and what follows from it. The first is given in your message; the second I would check step by step.',
  'The simplest way is usually the best one: start small, measure, and change one thing at a time. That keeps every step easy to take back.',
  'I would begin with the case that matters most, write down what should happen, and only then look at the exceptions.',
]
const closing = 'This answer comes from the offline demo provider of Metis: no model was asked, and nothing left this machine.'

function proseOf(ask: DemoAsk, calls: number, seed: string): string {
  if (calls > 0) return calls === 1 ? 'I will look that up.' : 'I will look both of these up.'
  if (ask.hasResults) return `The tool answered, and that settles it: ${cut(ask.prompt, 80) || 'done'}. ${closing}`
  if (/^\s*ping\s*$/i.test(ask.prompt)) return 'pong'
  if (/\bone word\b/i.test(ask.prompt)) return 'Hello!'
  const at = Number.parseInt(seed.slice(0, 6), 16)
  return `${openings[at % openings.length]} "${cut(ask.prompt, 60)}". ${bodies[at % bodies.length]}\n\n${closing}`
}

function cut(text: string, length: number): string {
  const line = text.trim().replace(/\s+/g, ' ')
  return line.length <= length ? line : `${firstOf(line, length - 1)}…`
}

/** Whole characters: half of a pair is no text. */
function firstOf(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '')
}
