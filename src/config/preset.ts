// A vendor as a row: what its provider is when the configuration says nothing else.
import type { Environment } from './parse-file.ts'
import type { ProviderBranch, ProviderConfig } from './schema.ts'

export interface Preset {
  readonly name: string
  readonly wire: ProviderConfig['wire']
  readonly baseUrl: string | AddressFromEnvironment
  readonly auth: ProviderConfig['auth']
  /** Variables that hold its key, the first set one wins. Empty = it needs none. */
  readonly keyVariables: readonly string[]
  /** That variable is often there for other programs: without an address it is no fault. */
  readonly keyIsCommon?: boolean
  /** A local server appears when this variable holds its address. */
  readonly baseUrlVariable?: string
  readonly maxTokensField?: ProviderConfig['maxTokensField']
  readonly replaysReasoning?: boolean
  readonly streamOptions?: boolean
  readonly safetyIdentifier?: boolean
  readonly geminiDialect?: boolean
  readonly responses?: boolean
  /** Only where the configuration names neither address nor wire. */
  readonly branches?: readonly PresetBranch[]
}

export interface PresetBranch extends Omit<ProviderBranch, 'baseUrl'> {
  readonly baseUrl: AddressFromEnvironment
}

/** An address of each customer's own, or of a region. */
export interface AddressFromEnvironment {
  /** The variables without which there is none, for people. */
  readonly needs: string
  /** Those of them that are put into it: a plain name, or the key would go to another host. */
  readonly names: readonly string[]
  /** null = one of them is not set. */
  readonly of: (read: (variable: string) => string | undefined) => string | null
  /** What such addresses look like: a provider of another name that is there is this vendor's, with its prices. */
  readonly hosts: RegExp
}

/** null = its address is made of variables that are not set. */
export function addressOf({ baseUrl }: Pick<Preset, 'baseUrl'>, env: Environment): string | null {
  return typeof baseUrl === 'string' ? baseUrl : baseUrl.of((variable) => env[variable]?.trim() || undefined)
}

export function branchesOf({ branches = [] }: Preset, env: Environment): readonly ProviderBranch[] {
  return branches.flatMap((branch) => {
    const baseUrl = addressOf(branch, env)
    return baseUrl === null ? [] : [{ ...branch, baseUrl }]
  })
}

/** The variable whose value would lead elsewhere; undefined = none. */
export function oddNameOf({ baseUrl }: Pick<Preset, 'baseUrl'>, env: Environment): string | undefined {
  if (typeof baseUrl === 'string') return undefined
  return baseUrl.names.find((variable) => !/^[a-z0-9][a-z0-9.:-]*$/i.test(env[variable]?.trim() || 'unset'))
}

/** Where the environment says an address, for faults; undefined = it does not. */
export function addressVariableOf({ baseUrl, baseUrlVariable }: Preset): string | undefined {
  return typeof baseUrl === 'string' ? baseUrlVariable : baseUrl.needs
}
