// Answers routing's questions about names, from the configuration and the models we ship. A user's alias always wins; only
// what a configured provider can answer is listed.
import { branchOf } from '../config/branch-of.ts'
import type { Config, ProviderConfig } from '../config/schema.ts'
import type { ModelCapabilities } from './capabilities.ts'
import { capabilitiesOf } from './capability-table.ts'
import { formatModelRef, parseModelRef, type ListedModel, type ModelCatalog, type ModelRef } from './models.ts'
import { shippedAliases, shippedModels, vendorOf, type ShippedModel } from './shipped-models.ts'

const keptCapabilities = 1000

export function createModelCatalog(config: Config): ModelCatalog {
  const providers = new Map(config.providers.map((provider) => [provider.name, provider]))
  // Clients choose the names that are looked up: an object would answer to `constructor`.
  const own = new Map(Object.entries(config.aliases))
  const shipped = shippedAliasesFor(config.providers)
  const demo = config.providers.find((provider) => provider.wire === 'demo')
  // Asked twice a call, and a name of no known family tries every row of the table: 8 µs a call.
  const capabilities = new Map<string, ModelCapabilities>()

  function aliasOf(name: string): string | null {
    const target = own.get(name)
    if (target !== undefined && target !== name) return followed(target)
    const ours = shipped.get(name)
    if (ours !== undefined) return formatModelRef(ours)
    // Claude Code writes the long window of a model as a suffix; the model's own name goes upstream.
    const plain = name.replace(/\[\d+[mk]\]$/i, '')
    if (plain !== name && plain !== '') return aliasOf(plain) ?? plain
    return demo === undefined ? null : demoStandIn(name, demo)
  }

  /** An alias may name another one; the end of the chain is what counts. `resolve.ts` refuses circles. */
  function followed(target: string): string {
    return own.has(target) || shipped.has(target) ? (aliasOf(target) ?? target) : target
  }

  /** The demo answers for vendors that are not configured, so that every documented name works offline. */
  function demoStandIn(name: string, provider: ProviderConfig): string | null {
    if (name === '' || name.includes('://')) return null
    const ref = parseModelRef(name)
    if (ref !== null && providers.has(ref.provider)) return null
    if (ref !== null && shippedModels.has(ref.provider)) return `${provider.name}:${ref.name}`
    if (ref !== null || providersListing(name).length > 0) return null
    const vendor = vendorOf(name)
    const somebodyElses = vendor === null && config.providers.some((other) => other.wire !== 'demo')
    const configured = vendor !== null && config.providers.some((other) => other.vendor === vendor)
    return somebodyElses || configured ? null : `${provider.name}:${name}`
  }

  function providersListing(name: string): readonly string[] {
    const vendor = vendorOf(name)
    return config.providers
      .filter(
        (provider) =>
          provider.models.includes(name) || shippedFor(provider).some((model) => model.name === name) || isOwn(provider, vendor),
      )
      .map((provider) => provider.name)
  }

  return {
    aliasOf,
    providersListing,
    capabilitiesOf({ provider, name }) {
      const id = `${provider}:${name}`
      let found = capabilities.get(id)
      if (found === undefined) {
        found = capabilitiesOf(wireOf(providers.get(provider), name), name)
        // Clients choose the names.
        if (capabilities.size >= keptCapabilities) capabilities.clear()
        capabilities.set(id, found)
      }
      return found
    },
    list() {
      const listed = new Map<string, ListedModel>()
      const add = (id: string, target: ModelRef): void => {
        if (!listed.has(id) && providers.has(target.provider)) listed.set(id, listedModel(id, target, providers))
      }
      for (const name of own.keys()) addAlias(name)
      for (const name of shipped.keys()) addAlias(name)
      for (const provider of config.providers) {
        for (const name of namesOf(provider))
          add(formatModelRef({ provider: provider.name, name }), { provider: provider.name, name })
      }
      return [...listed.values()]

      function addAlias(name: string): void {
        const written = aliasOf(name)
        if (written === null) return
        const ref = parseModelRef(written)
        if (ref !== null && providers.has(ref.provider)) return add(name, ref)
        const [provider] = providersListing(written)
        if (provider !== undefined) add(name, { provider, name: written })
      }
    },
  }
}

function wireOf(provider: ProviderConfig | undefined, name: string): ProviderConfig['wire'] {
  if (provider === undefined) return 'openai'
  return branchOf(provider, name)?.wire ?? provider.wire
}

function isOwn(provider: ProviderConfig, vendor: string | null): boolean {
  return vendor !== null && provider.vendor === vendor
}

function shippedFor(provider: ProviderConfig): readonly ShippedModel[] {
  return shippedModels.get(provider.vendor ?? '') ?? []
}

function namesOf(provider: ProviderConfig): readonly string[] {
  return [...new Set([...provider.models, ...shippedFor(provider).map((model) => model.name)])]
}

/**
 * Short names whose vendor is configured, and for every model that is not Anthropic's one that begins with `claude-`: Claude
 * Code's picker shows no others (clients.md §1).
 */
function shippedAliasesFor(providers: readonly ProviderConfig[]): ReadonlyMap<string, ModelRef> {
  const aliases = new Map<string, ModelRef>()
  const demo = providers.find((provider) => provider.wire === 'demo')
  for (const [alias, targets] of shippedAliases) {
    const target = targets.map((written) => configuredRef(written, providers)).find((ref) => ref !== null)
    if (target !== undefined) aliases.set(alias, target)
    else if (demo !== undefined) aliases.set(alias, { provider: demo.name, name: alias })
  }
  for (const provider of providers) {
    if (provider.wire === 'demo') continue
    for (const name of namesOf(provider)) {
      const alias = `claude-${name.slice(name.lastIndexOf('/') + 1).replaceAll(':', '-')}`
      if (!/^(.*\/)?claude-/.test(name) && !aliases.has(alias)) aliases.set(alias, { provider: provider.name, name })
    }
  }
  return aliases
}

/** A vendor may be configured under another name; its own name is preferred. */
function configuredRef(written: string, providers: readonly ProviderConfig[]): ModelRef | null {
  const ref = parseModelRef(written)
  if (ref === null) return null
  const provider =
    providers.find(({ name, vendor }) => name === ref.provider && vendor === ref.provider) ??
    providers.find(({ vendor }) => vendor === ref.provider)
  return provider === undefined ? null : { provider: provider.name, name: ref.name }
}

function listedModel(id: string, target: ModelRef, providers: ReadonlyMap<string, ProviderConfig>): ListedModel {
  const provider = providers.get(target.provider)
  const shipped = provider === undefined ? undefined : shippedFor(provider).find((model) => model.name === target.name)
  const created = shipped?.released === undefined ? 0 : Date.parse(shipped.released) / 1000
  return { id, target, displayName: shipped?.displayName ?? target.name, createdS: created }
}
