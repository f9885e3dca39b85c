// Where a provider's model is: most are at its one address, some vendors have several (Bedrock).
import type { ProviderBranch, ProviderConfig } from './schema.ts'

/** undefined = at the provider's own address. */
export function branchOf({ branches }: Pick<ProviderConfig, 'branches'>, model: string): ProviderBranch | undefined {
  return branches?.find(({ models }) => models.test(model))
}
