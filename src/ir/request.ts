// A request in our own words (translation.md §1). The envelope is read for every call; the content only when it must cross
// to another wire, or when something (a routing rule, a token count) asks.
import type { Shape } from './stream.ts'

export type Role = 'system' | 'user' | 'assistant'

/** A prompt-cache breakpoint on a part, a tool or a system text. */
export interface CacheHint {
  readonly ttl?: '5m' | '1h' | '30m'
}

interface Cacheable {
  readonly cache?: CacheHint
}

export type MediaSource =
  | { readonly kind: 'base64'; readonly mediaType: string; readonly data: string }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'text'; readonly text: string; readonly mediaType?: string }
  /** Held by one provider: refused when the request goes to another. */
  | { readonly kind: 'file'; readonly fileId: string; readonly shape: Shape }

export interface TextPart extends Cacheable {
  readonly type: 'text'
  readonly text: string
}
export interface ImagePart extends Cacheable {
  readonly type: 'image'
  readonly source: MediaSource
  readonly detail?: string
}
export interface DocumentPart extends Cacheable {
  readonly type: 'document'
  readonly source: MediaSource
  readonly name?: string
}
export interface ToolCallPart extends Cacheable {
  readonly type: 'toolCall'
  readonly id: string
  readonly name: string
  /** The arguments' JSON text as the client sent it; '' means none. */
  readonly argsText: string
}
export interface ToolResultPart extends Cacheable {
  readonly type: 'toolResult'
  readonly callId: string
  readonly parts: readonly Part[]
  readonly isError: boolean
}
export interface ThinkingPart {
  readonly type: 'thinking'
  readonly text: string
  /** Absent or '' = unsigned. Begins with `metis.` when we made it for a model of another wire. */
  readonly signature?: string
}
export interface RedactedThinkingPart {
  readonly type: 'redactedThinking'
  readonly data: string
}
export interface RefusalPart {
  readonly type: 'refusal'
  readonly text: string
}
/** Understood only by its own shape; another shape refuses it, naming `path`. */
export interface OpaquePart {
  readonly type: 'opaque'
  readonly shape: Shape
  readonly kind: string
  readonly raw: unknown
}
export type Part =
  | TextPart
  | ImagePart
  | DocumentPart
  | ToolCallPart
  | ToolResultPart
  | ThinkingPart
  | RedactedThinkingPart
  | RefusalPart
  | OpaquePart

/** Tool results live in user messages; system messages here are only those that stand inside the conversation. */
export interface Message {
  readonly role: Role
  readonly parts: readonly Part[]
  /** Where it stands in the client's request, for error paths: `messages[3]`. */
  readonly path: string
}

export type JsonSchema = Readonly<Record<string, unknown>>

export type Tool =
  | {
      readonly kind: 'function'
      readonly name: string
      readonly description?: string
      readonly parameters?: JsonSchema
      readonly strict?: boolean
      readonly cache?: CacheHint
    }
  /** A tool the vendor runs or defines (web search, bash, custom grammar …), as parsed JSON of its own shape. */
  | { readonly kind: 'vendor'; readonly shape: Shape; readonly type: string; readonly name?: string; readonly raw: unknown }

export type ToolChoice =
  | { readonly type: 'auto' | 'required' | 'none' }
  | { readonly type: 'tool'; readonly name: string }
  /** Only these may be called. */
  | { readonly type: 'allowed'; readonly mode: 'auto' | 'required'; readonly names: readonly string[] }

export type Effort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'

export interface Reasoning {
  /** off: told not to think. auto: the model decides (adaptive). budget: a token budget was given. effort: only an effort was given. */
  readonly mode: 'off' | 'auto' | 'budget' | 'effort'
  readonly effort?: Effort
  readonly budgetTokens?: number
}

export type OutputFormat =
  | { readonly type: 'jsonSchema'; readonly schema: JsonSchema; readonly name?: string; readonly strict?: boolean }
  | { readonly type: 'jsonObject' }

export interface RequestContent {
  readonly system: readonly TextPart[]
  readonly messages: readonly Message[]
  readonly tools: readonly Tool[]
  readonly toolChoice?: ToolChoice
  /** false = at most one tool call an answer. */
  readonly parallelToolCalls?: boolean
  readonly maxOutputTokens?: number
  readonly stop: readonly string[]
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly reasoning?: Reasoning
  readonly output?: OutputFormat
  /** Opaque id of the end user, for the provider's abuse checks. */
  readonly userId?: string
  readonly serviceTier?: 'auto' | 'default' | 'priority' | 'flex' | 'standard_only'
  /** Fields of the inbound shape that no other shape has a place for, by wire name: dropped with a warning across shapes. */
  readonly unmapped: Readonly<Record<string, unknown>>
}

/** What the engine needs of a request on every path, read cheaply from its envelope. */
export interface RequestTraits {
  readonly hasTools: boolean
  readonly hasImages: boolean
  readonly wantsStructuredOutput: boolean
  /** The client's own limit, when it set one. */
  readonly maxOutputTokens?: number
  /** How many answers it asks for at once (OpenAI's `n`); absent = one. */
  readonly answers?: number
  /** Local estimate, tokens. */
  readonly estimatedInputTokens: number
  /** Telemetry the client carries in its body (Claude Code's `metadata.user_id`), never identity. */
  readonly clientSessionId?: string
  readonly deviceId?: string
}

export interface LanguageModelRequest {
  readonly shape: Shape
  /** Absent = an answer is wanted. Others are passed through, and no other wire has them. */
  readonly endpoint?: 'embeddings'
  /** As the client wrote it; '' when absent. */
  readonly model: string
  readonly stream: boolean
  /** OpenAI's `stream_options.include_usage`; true for shapes that always send usage. */
  readonly includeUsage: boolean
  /** The client's bytes; an `encodeRequest` of the same shape only splices them. */
  readonly source: {
    readonly bytes: Uint8Array
    readonly headers: Headers
    /** What of the client's query a provider of the same shape gets: `?beta=true` or nothing. */
    readonly query?: string
  }
  readonly traits: RequestTraits
  /** The client's own OAuth token: for the vendor that gave it and for nobody else, stored and logged nowhere. */
  readonly ownCredential?: string
  /** True when the body mixes dialects (Cursor): even a provider of the same shape gets it rendered from `content()`. */
  readonly mixed?: boolean
  /** How often in a row the conversation ended in the very same tool calls; absent where its shape does not tell cheaply. */
  repeatedToolCalls?(): number
  /**
   * The whole request, decoded when first asked for and kept.
   * @throws GatewayError `invalid_value` naming the field, for what translation.md marks R
   */
  content(): RequestContent
}
