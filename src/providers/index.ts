// The providers of a configuration, by name.
import type { ModelCatalog } from '../catalog/models.ts'
import type { Config } from '../config/schema.ts'
import type { GatewayError } from '../ir/errors.ts'
import { protocols } from '../protocols/index.ts'
import type { Shape } from '../ir/stream.ts'
import type { Clock, Logger, Send } from '../services.ts'
import { createBranching } from './branching.ts'
import { createHttpProvider } from './http-provider.ts'
import { createKeyPool } from './key-pool.ts'
import type { Provider } from './provider.ts'

export interface ProviderDependencies {
  readonly send: Send
  /** Answers for the built-in `demo` provider; nothing leaves the process. */
  readonly demoSend: Send
  readonly models: ModelCatalog
  readonly clock: Pick<Clock, 'nowMs'>
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
      const main = createHttpProvider({ ...parts, protocolFor, send })
      const branches = (provider.branches ?? []).map(({ models: pattern, ...branch }) => {
        const config = { ...provider, ...branch }
        return {
          models: pattern,
          provider: createHttpProvider({ ...parts, config, protocolFor: () => protocols[branch.wire], send }),
        }
      })
      return [name, branches.length === 0 ? main : createBranching(main, branches)]
    }),
  )
}
