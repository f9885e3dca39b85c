// What a hub takes of a push, turn by turn: a laptop is not asked whether its figures can be true, and one absurd turn must
// neither spoil the sums of all the others nor keep its neighbours out.
import * as z from 'zod'
import { llmCallCompleted, llmCallFailed, routeDecided, turnCompleted } from './events.ts'
import { completedCall, failedCall, pushedTurn } from './push-format.ts'
import type { LeftOut, PushedTurn } from './push-format.ts'

/** A hundred times what any model takes; a million such calls still add up within 64 bits. */
const tokens = z.int().min(0).max(1_000_000_000)
/** A hundred times the dearest call there is; a million such calls add up, in nano-dollars, within what SQLite can sum. */
const usd = z.number().min(0).max(9_000)
const count = z.int().min(0).max(1_000_000)
const milliseconds = z.number().min(0).max(1e12)
/** Postgres' text holds none. */
const textWithoutNul = /^[^\0]*$/
/** Indexed: no index of Postgres holds a long one. */
const name = z.string().max(500).regex(textWithoutNul, 'must not hold a NUL').nullable()

const identity = { gateway_key_id: name, user_id: name, team_id: name, workspace: z.string().max(4096).nullable() }

const call = z.discriminatedUnion('type', [
  completedCall.extend({
    payload: llmCallCompleted.extend({
      ...identity,
      input_tokens: tokens,
      output_tokens: tokens,
      cached_input_tokens: tokens,
      cache_creation_input_tokens: tokens,
      cache_creation_1h_tokens: tokens,
      reasoning_tokens: tokens,
      cost_usd: usd.nullable(),
      list_price_usd: usd.nullish(),
      upstream_cost_usd: usd.nullable(),
      latency_ms: milliseconds,
      ttft_ms: milliseconds.nullable(),
      produced_tool_calls: count,
      produced_thinking_blocks: count,
      attempts: count,
    }),
  }),
  failedCall.extend({ payload: llmCallFailed.extend({ ...identity, latency_ms: milliseconds, attempts: count }) }),
])

const credibleTurn = pushedTurn
  .extend({
    turnId: pushedTurn.shape.turnId.regex(textWithoutNul, 'must not hold a NUL'),
    route: pushedTurn.shape.route.extend({ payload: routeDecided.extend({ ...identity, elapsed_ms: milliseconds }) }),
    call: call.nullable(),
    turn: pushedTurn.shape.turn.extend({
      payload: turnCompleted.extend({
        ...identity,
        llm_call_count: count,
        tool_call_count: count,
        total_input_tokens: tokens,
        total_output_tokens: tokens,
        total_cost_usd: usd.nullable(),
        wall_time_seconds: milliseconds,
      }),
    }),
  })
  .refine(
    ({ call: made, turn }) => turn.payload.llm_call_count === (made === null ? 0 : 1),
    'it counts other calls than it brings',
  )
  .refine(({ call: made, turn }) => (turn.payload.status === 'refused') === (made === null), 'its status is not that of its call')
  .refine(
    ({ route, call: made, turn }) => route.id < (made?.id ?? turn.id) && (made?.id ?? route.id) < turn.id,
    'its ids do not rise',
  )
  .refine(({ call: made, turn }) => turn.payload.total_cost_usd === costOf(made), 'its end says another cost than its call')

/** What a turn's end must say of it; null = unpriced. */
function costOf(made: z.infer<typeof call> | null): number | null {
  return made?.type === 'llm.call_completed' ? made.payload.cost_usd : 0
}

export interface CheckedTurns {
  readonly turns: readonly PushedTurn[]
  readonly refused: readonly LeftOut[]
}

export function checkTurns(unchecked: readonly unknown[]): CheckedTurns {
  const turns: PushedTurn[] = []
  const refused: LeftOut[] = []
  for (const one of unchecked) {
    const { data, error } = credibleTurn.safeParse(one)
    if (data !== undefined) turns.push(data)
    else refused.push({ turn_id: turnIdOf(one), reason: reasonOf(error.issues[0]) })
  }
  return { turns, refused }
}

const named = z.object({ turnId: z.string() })

/** As far as it has one. */
const turnIdOf = (one: unknown): string => named.safeParse(one).data?.turnId.slice(0, 200) ?? ''

function reasonOf(issue: z.core.$ZodIssue | undefined): string {
  const path = issue?.path.map(String).join('.') ?? ''
  return `it cannot be: ${path === '' ? '' : `${path}: `}${issue?.message ?? 'it cannot be read'}`.slice(0, 300)
}
