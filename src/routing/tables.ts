// All that routing looks at, put together once per process. Slots read it; nothing in it is made per request.
import type { PriceCatalog } from '../catalog/prices.ts'
import type { Clock, Logger } from '../services.ts'
import type { Storage } from '../store/storage.ts'
import { createSpendReader, type Spend } from '../store/spend.ts'
import { createAvailability, type Availability } from './availability.ts'
import type { Patterns } from './patterns/patterns.ts'
import { createPolicyBook, noPolicies, type InvalidPolicy, type PolicyBook, type ReadPolicy } from './policy/book.ts'
import { createModelRanking, type ModelRanking } from './ranking.ts'
import { cut, delegationOf, isConfigured, type NameTables } from './resolve.ts'
import type { RouteRequest } from './route-request.ts'
import { parseModelRef } from '../catalog/models.ts'

export interface RoutingTables extends NameTables {
  readonly availability: Availability
  readonly policies: PolicyBook
  readonly ranking: ModelRanking
  /** null = off. */
  readonly patterns: Patterns | null
  readonly nowUs: () => number
  /** What was spent, as of a few seconds ago; null = not read. */
  spend(): Spend | null
  /** What must be fetched before `route` can decide; null = nothing, as for nearly every request. */
  prepare(request: RouteRequest): Promise<void> | null
}

export interface RoutingParts extends NameTables {
  readonly prices: PriceCatalog
  readonly clock: Pick<Clock, 'nowUs' | 'nowMs'>
  readonly logger: Logger
  /** Absent where there is no ledger to ask: rules about money then never hold. */
  readonly storage?: Pick<Storage, 'db'>
  /** Absent = the pattern slot is off, or there is nowhere to learn from. */
  readonly patterns?: Patterns | null
  /** Absent where there are no files. */
  readonly readPolicy?: ReadPolicy
  readonly onInvalidPolicy?: (invalid: InvalidPolicy) => void
}

export function createRoutingTables(parts: RoutingParts): RoutingTables {
  const { config, models, known, prices, clock, logger, storage, readPolicy } = parts
  const nowUs = () => clock.nowUs()
  const names = { config, models, known }
  const spend = storage === undefined ? null : createSpendReader(storage, clock)
  const policies =
    readPolicy === undefined
      ? noPolicies
      : createPolicyBook({
          read: readPolicy,
          nowMs: () => clock.nowMs(),
          logger,
          modelFault: (name) => modelFaultOf(name, names),
          onInvalid: parts.onInvalidPolicy ?? (() => undefined),
        })
  return {
    ...names,
    availability: createAvailability(() => clock.nowMs()),
    policies,
    patterns: parts.patterns ?? null,
    ranking: createModelRanking({ config, models, prices, nowUs }),
    nowUs,
    spend: () => spend?.current() ?? null,
    prepare,
  }

  function prepare(request: RouteRequest): Promise<void> | null {
    const loading = policies.prepare(request.principal.workspace)
    // What else is needed follows from the rules.
    if (loading !== null) return loading.then(() => prepare(request) ?? undefined)
    const waits: Promise<void>[] = []
    add(waits, parts.patterns?.prepare() ?? null)
    if (asksMoney(request)) add(waits, spend?.refresh() ?? null)
    if (request.delegates || request.requestedModel.startsWith('metis://')) add(waits, prices.ready())
    return waits.length === 0 ? null : Promise.all(waits).then(() => undefined)
  }

  function asksMoney(request: RouteRequest): boolean {
    return (
      policies.policyFor(request.principal.workspace).asksSpend || (config.stepDown !== null && request.principal.caps.length > 0)
    )
  }

  /** What cannot be had is missing from the decision, and its own log says why. */
  function add(waits: Promise<void>[], wait: Promise<void> | null): void {
    if (wait !== null)
      waits.push(
        wait.catch((error: unknown) =>
          logger.log('warn', 'routing decides without what it could not read', { error: String(error) }),
        ),
      )
  }
}

/** A name that no request could ever be answered under is a fault of the file that holds it. */
function modelFaultOf(name: string, names: NameTables): string | null {
  if (name.startsWith('metis://'))
    return delegationOf(name, names) === null ? `"${cut(name)}" is not known: metis://auto, metis://cheap, metis://best` : null
  if (names.models.aliasOf(name) !== null || names.models.providersListing(name).length > 0) return null
  const ref = parseModelRef(name)
  if (ref === null || ref.provider === 'ft' || isConfigured(ref.provider, names) || names.known.has(ref.provider)) return null
  return `there is no provider "${cut(ref.provider)}"; configured: ${names.config.providers.map((one) => one.name).join(', ') || 'none'}`
}
