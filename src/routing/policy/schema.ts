// What may stand in a `routing.yaml` (contract.md §3). One schema; faults carry the path that leads to their line.
import * as z from 'zod'

const usd = z.number().nonnegative()
const words = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).transform((given) => [given].flat())
const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day as "HH:MM", from 00:00 to 23:59')

const timeOfDay = z.union(
  [
    z.tuple([clock, clock]).transform(([from, to]) => ({ from, to, timezone: 'UTC' })),
    z.strictObject({
      from: clock,
      to: clock,
      timezone: z.string().refine(isTimeZone, 'a time zone such as Europe/Berlin').default('UTC'),
    }),
  ],
  'two times, ["22:00", "06:00"], or {from, to, timezone}',
)

const tags = z.union(
  [
    z.record(z.string(), z.string()).refine((given) => Object.keys(given).length > 0),
    z
      .string()
      .regex(/^[^=]+=/)
      .transform(oneTag),
  ],
  'a tag as "key=value", or {key: value}',
)

/** All keys of one `when` must hold. */
export interface When {
  readonly message_matches?: string | undefined
  readonly message_contains_any?: readonly string[] | undefined
  readonly estimated_input_tokens_gt?: number | undefined
  readonly estimated_input_tokens_lt?: number | undefined
  readonly has_images?: boolean | undefined
  readonly has_tools?: boolean | undefined
  readonly has_tool_calls_in_history?: boolean | undefined
  readonly workspace_path_matches?: readonly string[] | undefined
  readonly time_of_day_between?: { readonly from: string; readonly to: string; readonly timezone: string } | undefined
  readonly user_is?: readonly string[] | undefined
  readonly team_is?: readonly string[] | undefined
  readonly tag_is?: Readonly<Record<string, string>> | undefined
  readonly cost_today_exceeds_usd?: number | undefined
  readonly user_cost_today_exceeds_usd?: number | undefined
  readonly team_cost_today_exceeds_usd?: number | undefined
  readonly team_cost_month_exceeds_usd?: number | undefined
  readonly team_budget_remaining_lt?: number | undefined
  readonly any_of?: readonly When[] | undefined
  readonly all_of?: readonly When[] | undefined
  readonly not?: When | undefined
}

const when: z.ZodType<When> = z.lazy(() =>
  z.strictObject({
    message_matches: z.string().min(1).max(1000).optional(),
    message_contains_any: words.optional(),
    estimated_input_tokens_gt: z.int().nonnegative().optional(),
    estimated_input_tokens_lt: z.int().positive().optional(),
    has_images: z.boolean().optional(),
    has_tools: z.boolean().optional(),
    has_tool_calls_in_history: z.boolean().optional(),
    workspace_path_matches: words.optional(),
    time_of_day_between: timeOfDay.optional(),
    user_is: words.optional(),
    team_is: words.optional(),
    tag_is: tags.optional(),
    cost_today_exceeds_usd: usd.optional(),
    user_cost_today_exceeds_usd: usd.optional(),
    team_cost_today_exceeds_usd: usd.optional(),
    team_cost_month_exceeds_usd: usd.optional(),
    team_budget_remaining_lt: usd.optional(),
    any_of: z.array(when).min(1).optional(),
    all_of: z.array(when).min(1).optional(),
    not: when.optional(),
  }),
)

/** In the order they are asked, the cheap ones first: a message is only read when everything else holds. */
export const predicateNames = [
  'has_images',
  'has_tools',
  'estimated_input_tokens_gt',
  'estimated_input_tokens_lt',
  'user_is',
  'team_is',
  'tag_is',
  'workspace_path_matches',
  'cost_today_exceeds_usd',
  'user_cost_today_exceeds_usd',
  'team_cost_today_exceeds_usd',
  'team_cost_month_exceeds_usd',
  'team_budget_remaining_lt',
  'time_of_day_between',
  'has_tool_calls_in_history',
  'message_contains_any',
  'message_matches',
  'any_of',
  'all_of',
  'not',
] as const satisfies readonly (keyof When)[]

export const policyFile = z.strictObject({
  rules: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(100),
        /** Absent = always. */
        when: when.optional(),
        /** Alias, `provider:name` or bare name. */
        model: z.string().min(1).max(200),
      }),
    )
    .max(500),
})
export type PolicyFile = z.infer<typeof policyFile>

function oneTag(text: string): Record<string, string> {
  const at = text.indexOf('=')
  return { [text.slice(0, at)]: text.slice(at + 1) }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
