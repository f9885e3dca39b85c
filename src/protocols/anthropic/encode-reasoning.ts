// How hard the model thinks, and what then cannot stand beside it: sampling and forced tools (translation.md §2, §0.2).
import type { ModelCapabilities } from '../../catalog/capabilities.ts'
import type { Effort, Reasoning, RequestContent } from '../../ir/request.ts'
import { effortOfBudget, nearestEffort } from '../effort.ts'
import type { Warnings } from '../warnings.ts'

export interface ReasoningFields {
  readonly thinking?: Readonly<Record<string, unknown>>
  readonly effort?: Effort
  /** The request asks for thinking, by whatever name. */
  readonly thinks: boolean
}

export interface ReasoningLimits {
  readonly capabilities: ModelCapabilities
  readonly maxTokens: number
  /** Why this request cannot think by a budget, when it cannot; adaptive thinking minds nothing of the kind. */
  readonly obstacle?: string
}

/** Chat's name for what is asked here. */
const field = 'reasoning_effort'
const notThinking: ReasoningFields = { thinks: false }

export function reasoningFieldsOf(
  reasoning: Reasoning | undefined,
  limits: ReasoningLimits,
  warnings: Warnings,
): ReasoningFields {
  const { capabilities, obstacle } = limits
  if (!reasoning) return notThinking
  if (reasoning.mode === 'off' || reasoning.effort === 'none') return offOf(capabilities, warnings)
  if (capabilities.thinking === 'none') {
    warnings.dropped(field, 'this model does not think')
    return notThinking
  }
  if (capabilities.thinking === 'adaptive') {
    return { thinking: { type: 'adaptive' }, ...effortOf(reasoning, capabilities, warnings), thinks: true }
  }
  if (obstacle !== undefined) {
    warnings.dropped(field, obstacle)
    return notThinking
  }
  const budgetTokens = Math.min(thinkingBudgetOf(reasoning, capabilities), limits.maxTokens - 1)
  if (budgetTokens >= minBudget) return { thinking: { type: 'enabled', budget_tokens: budgetTokens }, thinks: true }
  warnings.dropped(field, `a thinking budget below ${minBudget} tokens is refused`)
  return notThinking
}

/** Tokens asked for, of a model that thinks by budget; 0 when no budget will be sent. */
export function thinkingBudgetOf(reasoning: Reasoning | undefined, { thinking }: ModelCapabilities): number {
  if (!reasoning || reasoning.mode === 'off' || thinking !== 'manual') return 0
  return reasoning.budgetTokens ?? budgetByEffort[reasoning.effort ?? 'medium']
}

/** temperature, top_p and top_k as far as the model takes them. */
export function samplingOf(
  content: Pick<RequestContent, 'temperature' | 'topP' | 'topK'>,
  capabilities: ModelCapabilities,
  thinks: boolean,
  warnings: Warnings,
): Record<string, number> {
  const { temperature, topP, topK } = content
  if (!capabilities.sampling || thinks) {
    const reason = thinks ? 'cannot be set while the model thinks' : 'this model takes no sampling parameters'
    // The values that change nothing are not worth a warning.
    if (temperature !== undefined && temperature !== 1) warnings.dropped('temperature', reason)
    if (topP !== undefined && topP !== 1) warnings.dropped('top_p', reason)
    if (topK !== undefined) warnings.dropped('top_k', reason)
    return {}
  }
  const topKField = topK === undefined ? {} : { top_k: topK }
  if (temperature === undefined) return { ...(topP === undefined ? {} : { top_p: topP }), ...topKField }
  if (temperature > 1) warnings.changed('temperature', 'Anthropic takes at most 1')
  if (topP !== undefined && topP !== 1) warnings.dropped('top_p', 'Anthropic takes temperature or top_p, not both')
  return { temperature: Math.min(temperature, 1), ...topKField }
}

function offOf(capabilities: ModelCapabilities, warnings: Warnings): ReasoningFields {
  const { thinksByDefault, alwaysThinks, leastThinking, efforts } = capabilities
  if (leastThinking !== undefined) return { thinking: { type: leastThinking }, thinks: false }
  if (alwaysThinks === true) {
    const [least] = efforts
    warnings.changed(field, 'this model always thinks: asked for as little as there is')
    return least === undefined ? { thinks: true } : { effort: least, thinks: true }
  }
  return thinksByDefault ? { thinking: { type: 'disabled' }, thinks: false } : notThinking
}

const minBudget = 1024
const budgetByEffort: Readonly<Record<Effort, number>> = {
  none: 0,
  minimal: 2048,
  low: 2048,
  medium: 8192,
  high: 16_384,
  xhigh: 32_000,
  max: 32_000,
}

function effortOf(reasoning: Reasoning, capabilities: ModelCapabilities, warnings: Warnings): { effort?: Effort } {
  const wanted = wantedEffort(reasoning)
  const effort = wanted && nearestEffort(wanted, capabilities.efforts)
  if (effort === undefined) return {}
  if (effort !== wanted) warnings.changed(field, `this model has no \`${wanted}\`: sent as \`${effort}\``)
  return { effort }
}

function wantedEffort({ effort, budgetTokens }: Reasoning): Effort | undefined {
  // The lowest level of this wire.
  if (effort === 'minimal') return 'low'
  return effort ?? (budgetTokens === undefined ? undefined : effortOfBudget(budgetTokens))
}
