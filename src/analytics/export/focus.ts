// Calls in FOCUS 1.2, the FinOps Open Cost and Usage Specification: one row of ChargeCategory "Usage" per call, its quantity
// all tokens. What FOCUS has no column for is in columns of our own, which begin with x_ as it asks.
import { monthStartUs } from '../../lib/calendar.ts'
import { usdOf } from '../../lib/money.ts'
import type { CallsTable } from '../../store/schema.ts'
import { parsedJson } from '../../store/stored-calls.ts'
import { isoOf } from '../window.ts'
import type { Columns } from './columns.ts'
import type { DisplayNames } from './display-names.ts'

/** null stands only where FOCUS allows it. The order is FOCUS's, which is the alphabet's. */
export const focusColumnsOf = ({ keys, teams }: DisplayNames): Columns => ({
  BilledCost: (call) => costOf(call),
  BillingAccountId: (call) => call.gateway_key_id ?? 'in-process',
  BillingAccountName: (call) => (call.gateway_key_id === null ? 'In-process' : (keys.get(call.gateway_key_id) ?? null)),
  BillingAccountType: () => 'Gateway key',
  BillingCurrency: () => 'USD',
  BillingPeriodEnd: (call) => secondOf(monthStartUs(call.timestamp_us, 1)),
  BillingPeriodStart: (call) => secondOf(monthStartUs(call.timestamp_us)),
  ChargeCategory: () => 'Usage',
  ChargeClass: () => null,
  ChargeDescription: (call) => `${call.model}, ${call.status}, ${tokensOf(call)} tokens`,
  ChargeFrequency: () => 'Usage-Based',
  ChargePeriodEnd: (call) => secondOf((Math.floor(call.timestamp_us / secondUs) + 1) * secondUs),
  ChargePeriodStart: (call) => secondOf(Math.max(monthStartUs(call.timestamp_us), call.timestamp_us - call.latency_ms * 1000)),
  ConsumedQuantity: (call) => tokensOf(call),
  ConsumedUnit: () => 'Tokens',
  ContractedCost: (call) => costOf(call),
  EffectiveCost: (call) => costOf(call),
  InvoiceId: () => null,
  InvoiceIssuerName: (call) => call.provider,
  ListCost: (call) => usdOf(call.list_nano_usd ?? call.cost_nano_usd ?? 0),
  PricingCategory: () => 'Standard',
  PricingQuantity: (call) => tokensOf(call),
  PricingUnit: () => 'Tokens',
  ProviderName: (call) => call.provider,
  PublisherName: (call) => call.provider,
  RegionId: () => null,
  RegionName: () => null,
  ResourceId: (call) => call.turn_id,
  ResourceName: () => null,
  ResourceType: () => 'Model call',
  ServiceCategory: () => 'AI and Machine Learning',
  ServiceName: (call) => call.model,
  ServiceSubcategory: () => 'Generative AI',
  SkuId: (call) => call.model,
  SubAccountId: (call) => call.team_id,
  SubAccountName: (call) => teams.get(call.team_id ?? '') ?? null,
  SubAccountType: (call) => (call.team_id === null ? null : 'Team'),
  Tags: (call) => tagsOf(call),
  x_CacheReadTokens: (call) => call.cached_input_tokens,
  x_CacheWriteTokens: (call) => call.cache_creation_input_tokens,
  x_CostBasis: (call) => call.cost_basis,
  x_InputTokens: (call) => call.input_tokens,
  x_OutputTokens: (call) => call.output_tokens,
  x_PricingVersion: (call) => call.pricing_version,
  x_Status: (call) => call.status,
  x_User: (call) => call.user_id,
})

/** FOCUS has no "unknown" for a cost: `x_CostBasis` says `unpriced` beside this 0. */
const costOf = (call: CallsTable): number => usdOf(call.cost_nano_usd ?? 0)

const tokensOf = (call: CallsTable): number =>
  call.input_tokens + call.output_tokens + call.cached_input_tokens + call.cache_creation_input_tokens

const secondUs = 1_000_000

/** FOCUS has no fractions of seconds: `2026-11-23T08:00:00Z`. */
const secondOf = (us: number): string => `${isoOf(Math.floor(us)).slice(0, 19)}Z`

/** Ours under names that no provider's tags have. */
function tagsOf(call: CallsTable): Readonly<Record<string, unknown>> {
  const own = { project: call.project, branch: call.branch, client: call.client, workspace: call.workspace }
  const tags = parsedJson(call.tags_json)
  return {
    ...(typeof tags === 'object' ? tags : {}),
    ...Object.fromEntries(Object.entries(own).flatMap(([name, value]) => (value === null ? [] : [[`metis/${name}`, value]]))),
  }
}
