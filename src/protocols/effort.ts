// Levels of effort and budgets of tokens: two ways of saying how hard a model shall think (translation.md §2, row "reasoning").
import type { Effort } from '../ir/request.ts'

const ladder: readonly Effort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']

/** The level itself, else the next lower one of `known`, else its lowest that thinks; undefined = none of them thinks. */
export function nearestEffort(asked: Effort, known: readonly Effort[]): Effort | undefined {
  const thinking = ladder.filter((level) => level !== 'none' && known.includes(level))
  const rank = ladder.indexOf(asked)
  return thinking.findLast((level) => ladder.indexOf(level) <= rank) ?? thinking[0]
}

export function effortOfBudget(tokens: number): Effort {
  if (tokens < 4096) return 'low'
  return tokens < 16_384 ? 'medium' : 'high'
}
