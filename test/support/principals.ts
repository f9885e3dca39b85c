// Who calls, for tests of routing and engine: a key without any limit, changed where a test says so.
import type { Attribution, Principal } from '../../src/ir/principal.ts'
import type { RequestTraits } from '../../src/ir/request.ts'

export function principalWith(changes: Partial<Principal> = {}): Principal {
  return {
    keyId: 'gk_test',
    keyName: 'test',
    userId: 'ada',
    teamId: null,
    workspace: '/work',
    allowedModels: [],
    ignoreClientModel: false,
    logMessages: false,
    caps: [],
    allowUnpriced: false,
    rates: null,
    tags: {},
    ...changes,
  }
}

export const noAttribution: Attribution = { project: null, branch: null, clientSessionId: null, client: null, tags: {} }

export function traitsWith(changes: Partial<RequestTraits> = {}): RequestTraits {
  return { hasTools: false, hasImages: false, wantsStructuredOutput: false, estimatedInputTokens: 10, ...changes }
}
