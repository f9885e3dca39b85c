// The facts of calls: how each ended, how long it took, what its cache missed. Read in the order of time, page by page, so
// that a long window is never in memory at once.
import type { Kysely } from 'kysely'
import type { CallsTable, Database } from '../store/schema.ts'
import { createMissJudge, forgottenAfterUs, type MissJudge } from './cache-misses.ts'
import type { Scope } from './endpoint.ts'
import type { FactBook, FactKind, FactSubject } from './facts.ts'
import { matches } from './filters.ts'

const columns = [
  'turn_id',
  'timestamp_us',
  'session_id',
  'gateway_key_id',
  'user_id',
  'team_id',
  'project',
  'client',
  'provider',
  'model',
  'status',
  'error_class',
  'latency_ms',
  'ttft_ms',
  'attempts',
  'input_tokens',
  'cached_input_tokens',
  'cache_creation_input_tokens',
  'cache_creation_1h_tokens',
] as const satisfies readonly (keyof CallsTable)[]

export type CallOfFacts = Pick<CallsTable, (typeof columns)[number]>

const pageRows = 10_000
/** D1 takes 100 parameters a statement. */
const sessionsAtOnce = 90

export async function foldCalls(
  db: Kysely<Database>,
  scope: Scope,
  kinds: readonly FactKind[],
  books: readonly FactBook[],
): Promise<void> {
  const judge = kinds.includes('miss') ? createMissJudge() : null
  const known = new Set<string>()
  for await (const page of callPages(db, scope, judge !== null)) {
    if (judge !== null) await recallSessions(db, scope, page, known, judge)
    for (const call of page) {
      // Judged before it is filtered: a filter on a model must not hide what the session did on another.
      const miss = judge?.judge(call) ?? null
      if (!matches(scope.filters, call)) continue
      const subject = subjectOf(call)
      for (const book of books) {
        addCall(book, kinds, subject, call)
        if (miss !== null) {
          book.add('miss', subject, miss.cause, {
            missedTokens: miss.tokens,
            missedWrite5mTokens: miss.write5mTokens,
            missedWrite1hTokens: miss.write1hTokens,
            lastUs: call.timestamp_us,
          })
        }
      }
    }
  }
}

function addCall(book: FactBook, kinds: readonly FactKind[], subject: FactSubject, call: CallOfFacts): void {
  if (kinds.includes('status')) {
    const detail = call.error_class === null ? call.status : `${call.status} ${call.error_class}`
    book.add('status', subject, detail, { retried: call.attempts > 1 ? 1 : 0, lastUs: call.timestamp_us })
  }
  // How long a good answer takes; a failure's time says nothing about the model.
  if (call.status !== 'ok') return
  if (kinds.includes('latency')) book.add('latency', subject, '', { ms: call.latency_ms })
  if (kinds.includes('ttft') && call.ttft_ms !== null) book.add('ttft', subject, '', { ms: call.ttft_ms })
}

/** By the index on time; with `whole` every call of the time, whoever made it, except that a session is a session. */
async function* callPages(
  db: Kysely<Database>,
  { window, filters }: Scope,
  whole: boolean,
): AsyncGenerator<readonly CallOfFacts[]> {
  const pushed = whole ? filters.filter(([column]) => column === 'session_id') : filters
  let after: { readonly timestamp_us: number; readonly turn_id: string } | null = null
  for (;;) {
    let query = db.selectFrom('calls').select(columns).where('timestamp_us', '<', window.endUs)
    for (const [column, value] of pushed) query = query.where(column, '=', value)
    const from: { readonly timestamp_us: number; readonly turn_id: string } | null = after
    query =
      from === null
        ? query.where('timestamp_us', '>=', window.startUs)
        : query
            .where('timestamp_us', '>=', from.timestamp_us)
            .where(({ eb, or }) => or([eb('timestamp_us', '>', from.timestamp_us), eb('turn_id', '>', from.turn_id)]))
    const page: readonly CallOfFacts[] = await query.orderBy('timestamp_us').orderBy('turn_id').limit(pageRows).execute()
    if (page.length > 0) yield page
    after = page.at(-1) ?? null
    if (after === null || page.length < pageRows) return
  }
}

/** What sessions did before the window: the judge must have seen it. */
async function recallSessions(
  db: Kysely<Database>,
  { window }: Scope,
  page: readonly CallOfFacts[],
  known: Set<string>,
  judge: MissJudge,
): Promise<void> {
  const fresh = [...new Set(page.map((call) => call.session_id))].filter((session) => !known.has(session))
  for (const session of fresh) known.add(session)
  for (let at = 0; at < fresh.length; at += sessionsAtOnce) {
    const calls = await db
      .selectFrom('calls')
      .select([
        'timestamp_us',
        'session_id',
        'model',
        'input_tokens',
        'cached_input_tokens',
        'cache_creation_input_tokens',
        'cache_creation_1h_tokens',
      ])
      .where('session_id', 'in', fresh.slice(at, at + sessionsAtOnce))
      .where('timestamp_us', '<', window.startUs)
      .where('timestamp_us', '>=', window.startUs - forgottenAfterUs)
      .orderBy('timestamp_us')
      .orderBy('turn_id')
      .execute()
    for (const call of calls) judge.judge(call)
  }
}

function subjectOf(call: CallOfFacts): FactSubject {
  return {
    gateway_key_id: call.gateway_key_id ?? '',
    user_id: call.user_id ?? '',
    team_id: call.team_id ?? '',
    project: call.project ?? '',
    client: call.client ?? '',
    provider: call.provider,
    model: call.model,
  }
}
