// Which row of the price list a model's name means, and which of its prices holds at a moment. The list's own rules, plus one
// guard: a prefix must not swallow the next version (`claude-sonnet-5` is not the price of `claude-sonnet-5-7`).
import type { ConditionalPrice, MatchLogic, ModelInfo, ModelPrice } from '@pydantic/genai-prices'

export function findModel(models: readonly ModelInfo[], name: string): ModelInfo | undefined {
  const lower = name.toLowerCase()
  return models.find((model) => matches(model.match, lower))
}

function matches(logic: MatchLogic, name: string): boolean {
  if ('equals' in logic) return name === logic.equals.toLowerCase()
  if ('starts_with' in logic) {
    const prefix = logic.starts_with.toLowerCase()
    return name.startsWith(prefix) && !isOtherModel(prefix, name.slice(prefix.length))
  }
  if ('ends_with' in logic) return name.endsWith(logic.ends_with.toLowerCase())
  if ('contains' in logic) return contains(name, logic.contains.toLowerCase())
  if ('regex' in logic) return new RegExp(logic.regex).test(name)
  if ('and' in logic) return logic.and.every((part) => matches(part, name))
  return logic.or.some((part) => matches(part, name))
}

/** Bedrock's rows have their prefix in the middle: `us.anthropic.claude-sonnet-5` is in `us.anthropic.claude-sonnet-5-7`. */
function contains(name: string, part: string): boolean {
  const at = name.indexOf(part)
  return at >= 0 && !(part.includes('.anthropic.') && isOtherModel(part, name.slice(at + part.length)))
}

/** After the prefix: another version (`-5`, `.1`, `0` after a digit; a date has four digits or more) or another size. */
function isOtherModel(prefix: string, rest: string): boolean {
  if (/^[-.]\d{1,2}(?!\d)/.test(rest)) return true
  if (/^-(mini|nano|pro|lite|fast|ultra|max|flash|air)(?![a-z])/.test(rest)) return true
  // `claude-sonnet-4-2025` is the beginning of a date and may go on with digits.
  return /\d$/.test(prefix) && /^\d/.test(rest) && !/-20\d\d$/.test(prefix)
}

/** The last entry whose condition holds at `atMs`, as the list defines it; the first one has no condition. */
export function activePrice(prices: ModelInfo['prices'], atMs: number): ModelPrice | undefined {
  if (!Array.isArray(prices)) return prices
  return prices.findLast((entry) => holds(entry.constraint, atMs))?.prices
}

function holds(constraint: ConditionalPrice['constraint'], atMs: number): boolean {
  if (constraint === undefined) return true
  const iso = new Date(atMs).toISOString()
  if (constraint.type === 'start_date') return iso.slice(0, 10) >= constraint.start_date.slice(0, 10)
  const time = iso.slice(11, 19)
  return constraint.start_time.slice(0, 8) <= time && time < constraint.end_time.slice(0, 8)
}

/** The rate of the highest tier that `totalInput` exceeds: vendors bill the whole call at it. undefined = no such class. */
export function rateAt(rate: ModelPrice[string], totalInput: number): number | undefined {
  if (rate === undefined || typeof rate === 'number') return rate
  let price = rate.base
  for (const tier of rate.tiers) if (totalInput > tier.start) price = tier.price
  return price
}
