// A refusal that is really an answer: reasoning models answer 400 when the limit is used up before a word is out. Claude Code
// probes with a limit of 1 and takes anything but 200 for a broken gateway (translation.md §2, "max_tokens = 1 probe").
import type { StreamChunk, StreamEvent } from '../../ir/stream.ts'
import { readErrorBody } from '../upstream-error.ts'

const LIMIT_REACHED = /max_tokens or model output limit was reached/i

/** The empty answer that was cut at its limit; null for a real error. */
export function answerFromError(status: number, body: string): StreamChunk | null {
  if (status !== 400 || !LIMIT_REACHED.test(readErrorBody(body).message ?? '')) return null
  const stop = { reason: 'length' } as const
  const events: readonly StreamEvent[] = [{ type: 'start', id: '', model: '' }, { type: 'stop', stop }, { type: 'end' }]
  return { meter: { stop, ended: true, toolCalls: 0, thinkingBlocks: 0, outputCharacters: 0 }, events: () => events }
}
