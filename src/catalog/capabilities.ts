// What a model can take, as far as translation and routing must know (translation.md §0.2). An unknown model gets its
// family's newest behaviour, so that a model released tomorrow works today.
import type { Effort } from '../ir/request.ts'

export interface ModelCapabilities {
  /** Tokens; undefined = not known, and then not checked. */
  readonly contextWindow?: number
  /** Tokens; undefined = not known. */
  readonly maxOutput?: number
  readonly vision: boolean
  readonly tools: boolean
  readonly structuredOutput: boolean
  /** `strict` on a tool definition is understood. */
  readonly strictTools: boolean
  /** Takes temperature, top_p, top_k (Anthropic: models up to Opus 4.6; OpenAI: models that do not reason). */
  readonly sampling: boolean
  /** Takes `stop` sequences. */
  readonly stopSequences: boolean
  /** none: does not think. manual: `budget_tokens`. adaptive: `effort`, and decides itself. */
  readonly thinking: 'none' | 'manual' | 'adaptive'
  /** Levels it takes, weakest first; empty when it does not think. */
  readonly efforts: readonly Effort[]
  /** Thinks unless told otherwise. */
  readonly thinksByDefault: boolean
  /** Refuses to be told not to. */
  readonly alwaysThinks?: boolean
  /** What it is told in place of `disabled`, where it refuses that word. */
  readonly leastThinking?: 'between_tools'
  /** Refuses to be made to call a tool. */
  readonly refusesForcedTools?: boolean
  /** Continues an assistant message at the end of the request. */
  readonly prefill: boolean
  /** Takes `role: system` inside the conversation. */
  readonly midConversationSystem: boolean
}
