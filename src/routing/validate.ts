// Whether a model can take a request (contract.md §3): what is known to be missing is found out before it is asked.
import type { ModelRef } from '../catalog/models.ts'
import type { RequestTraits } from '../ir/request.ts'
import type { ChainEntry } from '../store/events.ts'
import type { Availability } from './availability.ts'
import { isConfigured, type NameTables } from './resolve.ts'

export type ValidationFailure = NonNullable<ChainEntry['validation_failure']>

export interface ValidationTables extends Pick<NameTables, 'config' | 'models'> {
  readonly availability: Availability
}

/** Why this model cannot take such a request, or had better not; null = it can. */
export function validationFailureOf(target: ModelRef, traits: RequestTraits, tables: ValidationTables): ValidationFailure | null {
  if (!isConfigured(target.provider, tables)) return 'not_configured'
  const can = tables.models.capabilitiesOf(target)
  if (traits.hasImages && !can.vision) return 'no_vision_support'
  if (traits.hasTools && !can.tools) return 'no_tool_support'
  // Without structured output a forced tool carries the schema (translation.md §2, response_format).
  if (traits.wantsStructuredOutput && !can.structuredOutput && !can.tools) return 'no_structured_output_support'
  if (can.contextWindow !== undefined && traits.estimatedInputTokens > can.contextWindow) return 'exceeds_context_window'
  if (tables.availability.troubleOf(target) !== null) return 'provider_unavailable'
  return null
}

/**
 * A reason to prefer somebody else, not to refuse: trouble may be over, and tokens are only estimated. When nobody else can
 * answer, the provider is asked all the same, and answers for itself.
 */
export function isPreference(failure: ValidationFailure): boolean {
  return failure === 'provider_unavailable' || failure === 'exceeds_context_window'
}
