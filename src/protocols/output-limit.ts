// A client's limit on what the model writes, as far as this model can write at all.
import type { ModelCapabilities } from '../catalog/capabilities.ts'
import type { RequestContent } from '../ir/request.ts'
import type { Warnings } from './warnings.ts'

/** Clients ask every model for what the largest one can write (clients.md); a smaller one answers that with 400. */
export function outputLimitOf(
  { maxOutputTokens }: Pick<RequestContent, 'maxOutputTokens'>,
  { maxOutput }: ModelCapabilities,
  warnings: Warnings,
): number | undefined {
  if (maxOutputTokens === undefined || maxOutput === undefined || maxOutputTokens <= maxOutput) return maxOutputTokens
  warnings.changed('max_tokens', `lowered to the ${maxOutput} that this model can write`)
  return maxOutput
}
