// One predicate of a rule, one line: what it makes of its value at load, and what it asks of a request.
import { matchesGlob } from '../../lib/glob.ts'
import { compileLinearRegex } from '../../lib/linear-regex.ts'
import { nanoUsdOf } from '../../lib/money.ts'
import type { Facts } from './facts.ts'
import { predicateNames, type When } from './schema.ts'

export type Test = (facts: Facts) => boolean

type Values = { readonly [Name in keyof When]-?: NonNullable<When[Name]> }
type Compilers = { readonly [Name in keyof Values]: (value: Values[Name]) => Test }

/** @throws Error for an expression that cannot be had in linear time */
export const predicates: Compilers = {
  message_matches(source) {
    const regex = compileLinearRegex(source)
    return (facts) => regex.test(facts.text())
  },
  message_contains_any(words) {
    const lower = words.map((word) => word.toLowerCase())
    return (facts) => lower.some((word) => facts.lowerText().includes(word))
  },
  estimated_input_tokens_gt: (most) => (facts) => facts.request.traits.estimatedInputTokens > most,
  estimated_input_tokens_lt: (least) => (facts) => facts.request.traits.estimatedInputTokens < least,
  has_images: (wanted) => (facts) => facts.request.traits.hasImages === wanted,
  has_tools: (wanted) => (facts) => facts.request.traits.hasTools === wanted,
  has_tool_calls_in_history: (wanted) => (facts) => facts.hasToolCallsInHistory() === wanted,
  workspace_path_matches: (globs) => (facts) => {
    const { workspace } = facts.request.principal
    return workspace !== null && globs.some((glob) => matchesGlob(glob, workspace))
  },
  time_of_day_between({ from, to, timezone }) {
    const [start, end, minuteOf] = [minutesOf(from), minutesOf(to), minuteOfDay(timezone)]
    return (facts) => {
      const minute = minuteOf(facts.nowUs)
      // A span that ends before it begins runs over midnight; its end is not in it.
      return start <= end ? minute >= start && minute < end : minute >= start || minute < end
    }
  },
  user_is: (ids) => (facts) => ids.includes(facts.request.principal.userId ?? ''),
  team_is: (ids) => (facts) => ids.includes(facts.request.principal.teamId ?? ''),
  tag_is(tags) {
    const wanted = Object.entries(tags)
    return ({ request }) =>
      wanted.every(([key, value]) => tagOf(request.tags, key) === value || tagOf(request.principal.tags, key) === value)
  },
  cost_today_exceeds_usd: exceeds((facts) => facts.spend?.today('all', '')),
  user_cost_today_exceeds_usd: exceeds((facts) => facts.spend?.today('user', facts.request.principal.userId)),
  team_cost_today_exceeds_usd: exceeds((facts) => facts.spend?.today('team', facts.request.principal.teamId)),
  team_cost_month_exceeds_usd: exceeds((facts) => facts.spend?.month('team', facts.request.principal.teamId)),
  team_budget_remaining_lt(usd) {
    const least = nanoUsdOf(usd)
    return (facts) => {
      const budget = facts.spend?.budgetOf('team', facts.request.principal.teamId)
      return budget !== undefined && budget !== null && budget.leftNanoUsd < least
    }
  },
  any_of: (all) => anyOf(all.map(compileWhen)),
  all_of: (all) => allOf(all.map(compileWhen)),
  not(inner) {
    const test = compileWhen(inner)
    return (facts) => !test(facts)
  },
}

/** Top-level keys are ANDed. */
export function compileWhen(when: When): Test {
  return allOf(predicateNames.flatMap((name) => compiled(name, when)))
}

function compiled<Name extends keyof Values>(name: Name, when: { readonly [Key in Name]?: Values[Key] | undefined }): Test[] {
  const value = when[name]
  return value === undefined ? [] : [predicates[name](value)]
}

const allOf =
  (tests: readonly Test[]): Test =>
  (facts) =>
    tests.every((test) => test(facts))

const anyOf =
  (tests: readonly Test[]): Test =>
  (facts) =>
    tests.some((test) => test(facts))

function exceeds(spentOf: (facts: Facts) => number | undefined): (usd: number) => Test {
  return (usd) => {
    const most = nanoUsdOf(usd)
    return (facts) => (spentOf(facts) ?? 0) > most
  }
}

function tagOf(tags: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(tags, key) ? tags[key] : undefined
}

function minutesOf(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))
}

function minuteOfDay(timezone: string): (nowUs: number) => number {
  if (timezone === 'UTC') return (nowUs) => Math.floor(nowUs / 60_000_000) % 1440
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: timezone, hour: '2-digit', minute: '2-digit' })
  return (nowUs) => minutesOf(format.format(nowUs / 1000))
}
