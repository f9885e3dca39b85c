// How hard a model shall think, in this wire's one word (translation.md §2 row "reasoning").
import type { ModelCapabilities } from '../../catalog/capabilities.ts'
import type { Effort, Reasoning } from '../../ir/request.ts'
import { effortOfBudget, nearestEffort } from '../effort.ts'
import type { Warnings } from '../warnings.ts'

/** Anthropic's name for it. */
const effortField = 'output_config.effort'

/** Empty when nothing was asked for, or the model decides by itself. */
export function reasoningEffortOf(
  reasoning: Reasoning | undefined,
  { efforts }: ModelCapabilities,
  warnings: Warnings,
): { reasoning_effort?: Effort } {
  if (!reasoning) return {}
  if (reasoning.mode === 'off') {
    const least = (['none', 'minimal'] as const).find((effort) => efforts.includes(effort))
    return least === undefined ? {} : { reasoning_effort: least }
  }
  const asked = reasoning.effort ?? (reasoning.budgetTokens === undefined ? undefined : effortOfBudget(reasoning.budgetTokens))
  if (asked === undefined) return {}
  const effort = nearestEffort(asked, efforts)
  if (effort === undefined) {
    if (reasoning.mode !== 'effort') warnings.dropped('thinking', 'this model does not reason')
    if (reasoning.effort !== undefined) warnings.dropped(effortField, 'this model does not reason')
  } else if (effort !== asked) {
    warnings.changed(effortField, `\`${asked}\` is not a level of this model: \`${effort}\` is asked for`)
  }
  return effort === undefined ? {} : { reasoning_effort: effort }
}
