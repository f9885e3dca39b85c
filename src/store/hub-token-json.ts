// A hub token as scripts and the dashboard see it, whichever way they ask; and what a laptop may be called.
import type * as z from 'zod'
import type { hubTokenAnswer } from './hub-token-answer.ts'
import { isoOf } from './key-json.ts'
import type { HubTokensTable } from './schema.ts'

export const laptopName = /^[A-Za-z0-9_.:@-]{1,100}$/

/** snake_case: it goes out as JSON. */
export const hubTokenJson = (token: Omit<HubTokensTable, 'token_hash'>): z.output<typeof hubTokenAnswer> => ({
  id: token.id,
  name: token.source,
  created_at: isoOf(token.created_us),
  revoked_at: isoOf(token.revoked_us),
  last_push_at: isoOf(token.last_push_us),
})
