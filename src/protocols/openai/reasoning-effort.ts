// How hard a model shall think, in this wire's one word (translation.md §2 row "reasoning").
import type { ModelCapabilities } from '../../catalog/capabilities.ts'
import type { Effort, Reasoning } from '../../ir/request.ts'
import type { Warn } from './warn.ts'

/** Empty when nothing was asked for, or the model decides by itself. */
export function reasoningEffortOf(
  reasoning: Reasoning | undefined,
  { efforts }: ModelCapabilities,
  warn: Warn,
): { reasoning_effort?: Effort } {
  if (!reasoning) return {}
  if (reasoning.mode === 'off') {
    const least = (['none', 'minimal'] as const).find((effort) => efforts.includes(effort))
    return least === undefined ? {} : { reasoning_effort: least }
  }
  const asked = reasoning.effort ?? (reasoning.budgetTokens === undefined ? undefined : effortOfBudget(reasoning.budgetTokens))
  if (asked === undefined) return {}
  const effort = nearestBelow(asked, efforts)
  if (effort === undefined) warn('thinking', 'this model does not reason')
  else if (effort !== asked) warn('effort', `\`${asked}\` is not a level of this model: \`${effort}\` is asked for`, 'changed')
  return effort === undefined ? {} : { reasoning_effort: effort }
}

function effortOfBudget(tokens: number): Effort {
  if (tokens < 4096) return 'low'
  return tokens < 16_384 ? 'medium' : 'high'
}

const order: readonly Effort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']

/** The level itself, else the next lower one the model has, else its lowest that thinks. */
function nearestBelow(asked: Effort, efforts: readonly Effort[]): Effort | undefined {
  const thinking = efforts.filter((effort) => effort !== 'none')
  const rank = order.indexOf(asked)
  return thinking.findLast((effort) => order.indexOf(effort) <= rank) ?? thinking[0]
}
