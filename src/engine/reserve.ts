// What a turn under caps may cost at most, before it is sent: input and all the output it may have, at list price, on the
// dearest model that may answer (reliability.md §10).
import { formatModelRef, type ModelCatalog, type ModelRef } from '../catalog/models.ts'
import { costOf, type PriceCatalog } from '../catalog/prices.ts'
import { GatewayError } from '../ir/errors.ts'
import type { Principal } from '../ir/principal.ts'
import type { LanguageModelRequest } from '../ir/request.ts'
import { noUsage } from '../ir/usage.ts'
import { usdOf } from '../lib/money.ts'
import { reservationOf, resetsUs, type ExceededQuota, type Reservation } from '../store/quotas.ts'

/** Of a request that sets no limit itself, unless its model's own is lower. */
const outputTokensLimit = 8192
/** More than any model can write; beyond it money would no longer be whole numbers. */
const tokensLimit = 1_000_000_000

export interface ReserveParts {
  readonly prices: PriceCatalog
  readonly models: ModelCatalog
}

export interface Reserved {
  /** Absent = nothing to reserve: the call is free. */
  readonly reservation?: Reservation
  /** The candidates whose cost a cap can hold. */
  readonly candidates: readonly ModelRef[]
}

/**
 * @param candidates the chosen model, then its fallbacks
 * @returns the refusal when the chosen model has no price and the key may not use such
 */
export async function reserve(
  principal: Principal,
  request: LanguageModelRequest,
  candidates: readonly ModelRef[],
  nowUs: number,
  parts: ReserveParts,
): Promise<Reserved | GatewayError> {
  await parts.prices.ready()
  const priced = candidates.map((model) => ({ model, nanoUsd: estimateOf(request, model, nowUs, parts) }))
  const [chosen] = priced
  if (chosen?.nanoUsd === null && !principal.allowUnpriced) return unpricedModel(chosen.model)
  const usable = principal.allowUnpriced ? priced : priced.filter(({ nanoUsd }) => nanoUsd !== null)
  const nanoUsd = Math.max(0, ...usable.map((candidate) => candidate.nanoUsd ?? 0))
  return {
    ...(nanoUsd === 0 ? {} : { reservation: reservationOf(principal.caps, nanoUsd, nowUs) }),
    candidates: usable.map(({ model }) => model),
  }
}

/** What a client writes there may be anything; the provider will say so. */
function countOf(value: number | undefined, otherwise: number): number {
  return value !== undefined && value >= 0 && value <= tokensLimit ? Math.ceil(value) : otherwise
}

/** null = unpriced. */
function estimateOf(request: LanguageModelRequest, model: ModelRef, nowUs: number, parts: ReserveParts): number | null {
  const { estimatedInputTokens, maxOutputTokens, answers = 1 } = request.traits
  const own = Math.min(outputTokensLimit, parts.models.capabilitiesOf(model).maxOutput ?? outputTokensLimit)
  const output = countOf(maxOutputTokens, own) * countOf(answers, 1)
  const usage = { ...noUsage, inputUncached: estimatedInputTokens, output: Math.min(output, tokensLimit) }
  const price = parts.prices.priceOf(model.provider, model.name, usage, nowUs)
  return price === null ? null : costOf(usage, price)
}

function unpricedModel(model: ModelRef): GatewayError {
  const id = formatModelRef(model)
  return new GatewayError(
    'auth',
    'model_not_allowed',
    `No price is known for "${id}", and this key is under a spending cap, which could not count it. Give it a price (\`prices\` in the configuration), or issue the key with --allow-unpriced.`,
    { param: 'model', fields: { model: id, reason: 'unpriced' } },
  )
}

/** What a cap is called in answers and events. */
export function identityName({ kind, id }: ExceededQuota['quota']): string {
  return `${kind}:${id}`
}

export function quotaExceeded(exceeded: ExceededQuota, neededNanoUsd: number, nowUs: number): GatewayError {
  const { quota, spentNanoUsd, reservedNanoUsd } = exceeded
  const { scope, limitNanoUsd } = quota
  const atUs = resetsUs(scope, quota.periodUs)
  const resetsAt = atUs === null ? null : new Date(atUs / 1000).toISOString()
  const running = reservedNanoUsd === 0 ? '' : `, ${usdOf(reservedNanoUsd)} reserved by running calls`
  const name = scope === 'budget' ? 'budget' : `${scope} cap`
  return new GatewayError(
    'rate_limit',
    'quota_exceeded',
    `The ${name} of ${quota.kind} "${quota.id}" is ${usdOf(limitNanoUsd)} USD: ${usdOf(spentNanoUsd)} spent${running}, and this call may cost ${usdOf(neededNanoUsd)}. ${resetsAt === null ? 'It does not reset: ask whoever runs the gateway.' : `It resets at ${resetsAt}.`}`,
    {
      ...(atUs === null ? {} : { retryAfterMs: (atUs - nowUs) / 1000 }),
      fields: {
        identity: identityName(quota),
        scope,
        limit_usd: usdOf(limitNanoUsd),
        current_usd: usdOf(spentNanoUsd),
        reserved_usd: usdOf(reservedNanoUsd),
        needed_usd: usdOf(neededNanoUsd),
        resets_at: resetsAt,
      },
    },
  )
}
