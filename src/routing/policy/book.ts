// The policies in force: `<workspace>/.metis/routing.yaml` before the global file. Files are read by the runtime, looked at
// again once a second while requests come, and the last good version stays when a new one is broken.
import type { Logger } from '../../services.ts'
import { compilePolicy, noPolicy, type Policy, type PolicyFault } from './compile.ts'

/** 1-based. */
export interface Place {
  readonly line: number
  readonly column: number
}

export type PolicyText =
  /** As it was under the version that was asked with. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'read'
      readonly path: string
      readonly version: string
      /** What the YAML says; faults when it is none. */
      readonly content: unknown
      readonly faults: readonly (Place & { readonly message: string })[]
      /** Where in the text a part of the content stands. */
      readonly placeOf: (path: readonly PropertyKey[]) => Place
    }

/** The runtime's: reads a workspace's file, or the global one for null. `known`: the version the book has; null = none. Never rejects. */
export type ReadPolicy = (workspace: string | null, known: string | null) => Promise<PolicyText>

export interface InvalidPolicy {
  readonly path: string
  readonly version: string
  readonly workspace: string | null
  readonly faults: readonly (Place & { readonly message: string })[]
}

export interface PolicyBook {
  /** A promise when a workspace is met for the first time; null = go on. */
  prepare(workspace: string | null): Promise<void> | null
  policyFor(workspace: string | null): Policy
  /** Of the files that were read last: what is wrong with them. */
  faults(): readonly InvalidPolicy[]
}

export interface PolicyBookParts {
  readonly read: ReadPolicy
  readonly nowMs: () => number
  readonly logger: Logger
  /** What is wrong with a model's name in a rule; null = nothing. */
  readonly modelFault: (name: string) => string | null
  /** Once for each broken version. */
  readonly onInvalid: (invalid: InvalidPolicy) => void
}

const LOOK_EVERY_MS = 1000
/** Sessions name workspaces: a table of all names ever sent must not grow without end. */
const WORKSPACES_LIMIT = 1000

interface Entry {
  policy: Policy
  version: string | null
  lookedMs: number
  looking: Promise<void> | null
  loaded: boolean
  invalid: InvalidPolicy | null
}

export const noPolicies: PolicyBook = { prepare: () => null, policyFor: () => noPolicy, faults: () => [] }

export function createPolicyBook(parts: PolicyBookParts): PolicyBook {
  const entries = new Map<string | null, Entry>()
  const merged = new Map<Policy, { readonly global: Policy; readonly policy: Policy }>()

  function entryOf(workspace: string | null): Entry {
    let entry = entries.get(workspace)
    if (entry !== undefined) return entry
    if (entries.size >= WORKSPACES_LIMIT) {
      const global = entries.get(null)
      entries.clear()
      merged.clear()
      if (global !== undefined) entries.set(null, global)
    }
    entry = { policy: noPolicy, version: null, lookedMs: -Infinity, looking: null, loaded: false, invalid: null }
    entries.set(workspace, entry)
    return entry
  }

  /** A promise only for what was never loaded. */
  function look(workspace: string | null): Promise<void> | null {
    const entry = entryOf(workspace)
    if (entry.looking === null && parts.nowMs() - entry.lookedMs >= LOOK_EVERY_MS) {
      entry.looking = load(workspace, entry).finally(() => {
        entry.looking = null
        entry.lookedMs = parts.nowMs()
      })
    }
    return entry.loaded ? null : entry.looking
  }

  async function load(workspace: string | null, entry: Entry): Promise<void> {
    const text = await parts.read(workspace, entry.version)
    entry.loaded = true
    if (text.kind === 'unchanged') return
    if (text.kind === 'absent') {
      Object.assign(entry, { policy: noPolicy, version: null, invalid: null })
      return
    }
    const { path, version } = text
    entry.version = version
    const compiled = text.faults.length > 0 ? text.faults : compilePolicy(text.content, parts.modelFault)
    if ('rules' in compiled) {
      if (entry.invalid !== null || entry.policy !== noPolicy)
        parts.logger.log('info', 'a routing policy was read again', { path })
      Object.assign(entry, { policy: compiled, invalid: null })
      return
    }
    const faults = compiled.map((fault) => ('line' in fault ? fault : placed(fault, text.placeOf(fault.path))))
    entry.invalid = { path, version, workspace, faults }
    for (const { line, column, message } of faults) {
      parts.logger.log(
        'error',
        `a routing policy is broken, and its last good version stays: ${path}:${line}:${column} ${message}`,
      )
    }
    parts.onInvalid(entry.invalid)
  }

  function withGlobal(own: Policy, global: Policy): Policy {
    if (own.rules.length === 0) return global
    const known = merged.get(own)
    if (known?.global === global) return known.policy
    const policy = { rules: [...own.rules, ...global.rules], asksSpend: own.asksSpend || global.asksSpend }
    merged.set(own, { global, policy })
    return policy
  }

  return {
    prepare(workspace) {
      const global = look(null)
      const own = workspace === null ? null : look(workspace)
      if (global === null) return own
      return own === null ? global : Promise.all([global, own]).then(() => undefined)
    },
    policyFor(workspace) {
      const global = entries.get(null)?.policy ?? noPolicy
      const own = workspace === null ? undefined : entries.get(workspace)?.policy
      return own === undefined ? global : withGlobal(own, global)
    },
    faults: () => [...entries.values()].flatMap(({ invalid }) => (invalid === null ? [] : [invalid])),
  }
}

function placed({ path, message }: PolicyFault, { line, column }: Place): InvalidPolicy['faults'][number] {
  return { line, column, message: path.length === 0 ? message : `${path.map(String).join('.')}: ${message}` }
}
