// What a client is told of its usage when the provider told nothing (translation.md §6).
import type { AnswerPart, LanguageModelResponse } from '../ir/response.ts'
import { noUsage, type Usage } from '../ir/usage.ts'
import { estimateTokens } from '../lib/tokens.ts'
import type { AnswerContext } from './protocol.ts'

export function estimatedUsage(answer: AnswerContext, outputCharacters: number): Usage {
  return { ...noUsage, inputUncached: answer.estimatedInputTokens, output: estimateTokens(outputCharacters) }
}

/** The provider's count of a whole answer, else ours. */
export function usageToTell({ usage, parts }: LanguageModelResponse, answer: AnswerContext): Usage {
  if (usage !== noUsage) return usage
  return estimatedUsage(
    answer,
    parts.reduce((sum, part) => sum + charactersOf(part), 0),
  )
}

function charactersOf(part: AnswerPart): number {
  if ('text' in part) return part.text.length
  return 'argsText' in part ? part.argsText.length : 0
}
