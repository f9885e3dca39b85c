// The providers of a configuration, by name.
import type { ModelCatalog } from '../catalog/models.ts'
import type { Config, ProviderConfig } from '../config/schema.ts'
import { serviceAccountOf } from '../config/service-account.ts'
import type { GatewayError } from '../ir/errors.ts'
import { vertexProtocol } from '../protocols/anthropic/vertex.ts'
import { protocols } from '../protocols/index.ts'
import type { Shape } from '../ir/stream.ts'
import type { Clock, Logger, Send } from '../services.ts'
import { createBranching } from './branching.ts'
import { createGoogleTokens, type AccessTokens } from './google-token.ts'
import { createHttpProvider } from './http-provider.ts'
import { createKeyPool } from './key-pool.ts'
import type { Provider } from './provider.ts'

export interface ProviderDependencies {
  readonly send: Send
  /** Answers for the built-in `demo` provider; nothing leaves the process. */
  readonly demoSend: Send
  readonly models: ModelCatalog
  readonly clock: Pick<Clock, 'nowMs' | 'nowUs'>
  readonly logger?: Logger
}

export function createProviders(config: Config, dependencies: ProviderDependencies): ReadonlyMap<string, Provider> {
  const { send, demoSend, models, clock, logger } = dependencies
  return new Map(
    config.providers.map((provider) => {
      const { name, wire, keyPool } = provider
      const pool = keyPool === undefined ? null : createKeyPool(keyPool, () => clock.nowMs())
      const onKeyRests = (position: number, { code, details }: GatewayError) =>
        logger?.log('warn', 'a key of a provider’s pool rests', {
          provider: name,
          key: position,
          code,
          retry_after_ms: details.retryAfterMs,
        })
      const parts = { config: provider, models, limits: config.limits, pool, onKeyRests }
      if (wire === 'demo') {
        // Speaks whatever the client speaks, so that both wires can be tried without a key.
        const protocolFor = (inbound: string) => (inbound === 'anthropic' ? protocols.anthropic : protocols.openai)
        return [name, createHttpProvider({ ...parts, protocolFor, send: demoSend })]
      }
      const protocol = protocols[wire]
      const responses = provider.responses ? protocols['openai-responses'] : protocol
      const protocolFor = (inbound: Shape) => (inbound === 'openai-responses' ? responses : protocol)
      const tokens = tokensOf(provider, config, dependencies)
      const called = { ...parts, ...(tokens === undefined ? {} : { tokens }), send }
      const main = createHttpProvider({ ...called, protocolFor })
      const branches = (provider.branches ?? []).map(({ models: pattern, vertex = false, ...branch }) => {
        const spoken = vertex ? vertexProtocol : protocols[branch.wire]
        const own = createHttpProvider({ ...called, config: { ...provider, ...branch }, protocolFor: () => spoken })
        // Vertex counts elsewhere, and otherwise: an estimate does.
        return { models: pattern, provider: vertex ? { ...own, countTokens: () => Promise.resolve(null) } : own }
      })
      return [name, branches.length === 0 ? main : createBranching(main, branches)]
    }),
  )
}

/** Of a service account, shared by all its addresses. */
function tokensOf(
  { name, auth, apiKey }: ProviderConfig,
  { limits }: Config,
  { send, clock }: ProviderDependencies,
): AccessTokens | undefined {
  const account = auth !== 'google' || apiKey === undefined ? null : serviceAccountOf(apiKey)
  return account === null ? undefined : createGoogleTokens({ name, account, send, clock, limits })
}
