// Decisions and refusals stand in events alone, which a prune takes away: answers that count them say what they cannot know.
import type { Kysely } from 'kysely'
import * as z from 'zod'
import { readPrunedUs } from '../store/prune.ts'
import type { Database } from '../store/schema.ts'
import { isoOf, type Window } from './window.ts'

export const prunedField = {
  pruned_before: z
    .string()
    .nullable()
    .describe('What was decided before, and who was turned away, was pruned and is not counted; null: none of the window was.'),
}

export async function readPrunedBefore(db: Kysely<Database>, { startUs }: Window): Promise<string | null> {
  const prunedUs = await readPrunedUs(db)
  return prunedUs > startUs ? isoOf(prunedUs) : null
}
