// The schema of a hub token as scripts and the dashboard see it. Apart from hub-token-json.ts, whose readers start without zod.
import * as z from 'zod'

export const hubTokenAnswer = z.object({
  id: z.string(),
  name: z.string(),
  created_at: z.iso.datetime(),
  revoked_at: z.iso.datetime().nullable(),
  last_push_at: z.iso.datetime().nullable(),
})
