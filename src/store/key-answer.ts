// The schema of a key as scripts and the dashboard see it. Apart from key-json.ts, whose readers start without zod.
import * as z from 'zod'

/** What a request with the key meets. */
const keyState = z.enum(['active', 'revoked', 'expired', 'disabled'])

const time = z.iso.datetime()

export const keyAnswer = z.object({
  key_id: z.string(),
  name: z.string(),
  state: keyState,
  workspace: z.string().nullable(),
  user_id: z.string().nullable(),
  team_id: z.string().nullable(),
  /** [] = all. */
  allowed_models: z.array(z.string()),
  daily_cap_usd: z.number().nullable(),
  monthly_cap_usd: z.number().nullable(),
  budget_usd: z.number().nullable(),
  allow_unpriced: z.boolean(),
  requests_per_minute: z.int().nullable(),
  tokens_per_minute: z.int().nullable(),
  concurrent_turns: z.int().nullable(),
  ignore_client_model: z.boolean(),
  log_messages: z.boolean(),
  tags: z.record(z.string(), z.string()),
  created_at: time,
  expires_at: time.nullable(),
  revoked_at: time.nullable(),
  last_used_at: time.nullable(),
  /** Whom it was rotated to. */
  successor_id: z.string().nullable(),
})
