// Turns beside the store, as lines of JSON, while it cannot be written (reliability.md §2): what a line says, and what a
// runtime must give to keep lines. Who, when and how much, as in the trace: never a prompt, never a credential.
import * as z from 'zod'
import { llmCallCompleted, llmCallFailed, routeDecided, turnCompleted } from './events.ts'
import { reservation } from './quotas.ts'
import type { TurnClosed, TurnOpened, TurnRefused } from './traces.ts'

/** The lines of one instance. Nothing is touched before the first `append`. */
export interface Spool {
  /** When it returns, the lines outlive this process. @throws when they cannot be written: then none of them was */
  append(lines: readonly string[]): void
  /** Oldest first, some at a time, and on to what is appended meanwhile. Nothing when there is no spool. */
  read(): Iterable<readonly string[]>
  remove(): void
}

export type SpoolOf = (instanceId: string) => Spool

/** For a store without a place beside it: turns that cannot be written wait in memory alone. */
export const noSpool: Spool = {
  append: () => {
    throw new Error('there is no place for a spool')
  },
  read: () => [],
  remove: () => undefined,
}

export type SpoolEntry =
  | { readonly kind: 'opened'; readonly opened: TurnOpened }
  | { readonly kind: 'refused'; readonly refused: TurnRefused }
  | { readonly kind: 'closed'; readonly closed: TurnClosed }

export const lineOf = (entry: SpoolEntry): string => JSON.stringify(entry)

/** null: no line of ours, or one that a crash has cut. */
export function entryOf(line: string): SpoolEntry | null {
  try {
    const read = spoolEntry.safeParse(JSON.parse(line))
    return read.success ? read.data : null
  } catch {
    return null
  }
}

const head = {
  id: z.string(),
  timestampUs: z.int(),
  sessionId: z.string(),
  turnId: z.string(),
  parentEventId: z.string().nullable(),
}
const route = z.object({ ...head, type: z.literal('route.decided'), payload: routeDecided })
const turn = z.object({ ...head, type: z.literal('turn.completed'), payload: turnCompleted })
const call = z.discriminatedUnion('type', [
  z.object({ ...head, type: z.literal('llm.call_completed'), payload: llmCallCompleted }),
  z.object({ ...head, type: z.literal('llm.call_failed'), payload: llmCallFailed }),
])

const spoolEntry = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('opened'),
    opened: z.object({
      turnId: z.string(),
      route,
      provider: z.string(),
      model: z.string(),
      requestedModel: z.string(),
      stream: z.boolean(),
      startedUs: z.int(),
      estimatedInputTokens: z.int(),
      pricingVersion: z.string(),
      reservation: reservation.optional(),
      subscription: z.boolean().optional(),
    }),
  }),
  z.object({ kind: z.literal('refused'), refused: z.object({ route, turn }) }),
  z.object({
    kind: z.literal('closed'),
    closed: z.object({
      turnId: z.string(),
      call: call.nullable(),
      costNanoUsd: z.int().nullable(),
      turn,
      reservation: reservation.optional(),
    }),
  }),
])
