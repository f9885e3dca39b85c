// What the agent surface reads and answers. Handlers are held to these, and /openapi.json is made from them.
import * as z from 'zod'

const text = (most: number) => z.string().trim().min(1).max(most)
const named = z.string().regex(/^[A-Za-z0-9_.:/@-]{1,200}$/)
const model = text(200)

export const newSession = z.strictObject({
  title: text(200).nullish(),
  workspace: text(1000).nullish(),
  active_model: model.nullish(),
  system: text(100_000).nullish(),
  user: named.nullish(),
  team: named.nullish(),
  tags: z
    .record(text(128), z.string().max(128))
    .refine((tags) => Object.keys(tags).length <= 20, 'at most 20')
    .optional(),
})
export const sessionChange = z
  .strictObject({ title: text(200).nullable(), active_model: model.nullable(), system: text(100_000).nullable() })
  .partial()
export const question = z.strictObject({
  message: z.string().min(1),
  model: model.optional(),
  stream: z.boolean().optional(),
  max_output_tokens: z.int().min(1).max(1_000_000).optional(),
})
export const feedback = z.strictObject({ rating: z.union([z.enum(['good', 'bad']), z.number().min(0).max(1)]) })
export const nothing = z.strictObject({})

const limit = z.coerce.number().int().min(1).max(90).optional()
export const listQuery = z.object({ limit, before: z.string().optional() })
export const messagesQuery = z.object({ limit, after: z.coerce.number().int().min(0).optional() })
export const eventsQuery = z.object({ after: z.string().optional() })
export const removeQuery = z.object({ purge: z.enum(['true', 'false']).optional() })

export const sessionAnswer = z.object({
  id: z.string(),
  title: z.string().nullable(),
  workspace: z.string().nullable(),
  /** null = routing decides each turn. */
  active_model: z.string().nullable(),
  system: z.string().nullable(),
  user_id: z.string().nullable(),
  team_id: z.string().nullable(),
  client: z.string(),
  tags: z.record(z.string(), z.string()),
  created_at: z.string(),
  updated_at: z.string(),
  deleted_at: z.string().nullable(),
  running_turn_id: z.string().nullable(),
  turns: z.int(),
  cost_usd: z.number(),
  unpriced_turns: z.int(),
})

const outcome = {
  model: z.string().nullable(),
  status: z.string().nullable(),
  stop_reason: z.string().nullable(),
  input_tokens: z.int().nullable(),
  output_tokens: z.int().nullable(),
  /** null = unpriced. */
  cost_usd: z.number().nullable(),
  latency_ms: z.number().nullable(),
}
export const outcomeAnswer = z.object(outcome)
export const turnAnswer = z.object({ id: z.string(), session_id: z.string(), text: z.string(), ...outcome })

const said = { position: z.int(), turn_id: z.string(), text: z.string(), created_at: z.string() }
export const messageAnswer = z.union([
  z.object({ ...said, role: z.literal('user') }),
  z.object({ ...said, role: z.literal('assistant'), ...outcome }),
])

export const eventAnswer = z.object({
  id: z.string(),
  timestamp: z.string(),
  session_id: z.string(),
  turn_id: z.string(),
  parent_event_id: z.string().nullable(),
  type: z.string(),
  actor: z.string(),
  sensitivity: z.string(),
  payload: z.record(z.string(), z.unknown()),
})

/** `next` is what the next page is asked with; null = there is none. */
export const pageOf = <Row extends z.ZodType, Next extends z.ZodType>(row: Row, next: Next) =>
  z.object({ data: z.array(row), next: next.nullable() })

export const cancelAnswer = z.object({ turn_id: z.string() })
export const feedbackAnswer = z.object({ turn_id: z.string(), rating: z.number() })
