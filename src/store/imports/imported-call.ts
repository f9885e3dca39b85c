// One model call as a client's own session log tells it: what was counted, when, and on what work. Never what was said.
import type { Usage } from '../../ir/usage.ts'

export interface ImportedCall {
  readonly client: 'claude-code' | 'codex'
  /** The same for the same call however often, and in however many files, it is told. */
  readonly callId: string
  readonly sessionId: string
  /** The provider's id of the request, where the log has it: what a row from the wire has, too. */
  readonly requestId: string | null
  readonly provider: string
  /** The provider's own name. */
  readonly model: string
  /** When the answer began to be logged: what later lines of it do not move. */
  readonly timestampUs: number
  readonly latencyMs: number
  readonly usage: Usage
  readonly stopReason: string | null
  readonly toolCalls: number
  /** Of the log itself, USD. */
  readonly costUsd: number | null
  readonly cwd: string | null
  readonly branch: string | null
}

/** A log, line by line; what it tells, once all lines are read. */
export interface LogReader {
  /** Lines that mean nothing to it are passed over. */
  read(line: string): void
  /** A new file begins. */
  open(): void
  calls(): readonly ImportedCall[]
}
