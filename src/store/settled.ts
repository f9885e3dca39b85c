// Hours and days that are over have sums of their own, made in the background (analytics/settle.ts), so that a question about a
// month reads thirty days and not a million calls. Who changes the past takes the marks away of all that is summed of it, in
// the unit that changes it: then the rows themselves are read again, until somebody has summed them anew. Who sums claims the
// mark before it reads, and writes only while the claim stands: a change meanwhile took it away.
import { sql } from 'kysely'
import type { CompiledQuery, Kysely, RawBuilder } from 'kysely'
import type { Database } from './schema.ts'

export type Span = 'hour' | 'day'

export interface SpanStart {
  readonly span: Span
  readonly startUs: number
}

export const spanUs: Readonly<Record<Span, number>> = { hour: 3_600_000_000, day: 86_400_000_000 }

export const spanStartOf = (span: Span, us: number): number => Math.floor(us / spanUs[span]) * spanUs[span]

/** How far back a fact of a call looks in its session: a call changes what is said of those so long after it. */
export const lookBackUs = spanUs.day

/** Starts of what a change at `us` makes wrong. */
export const wrongAfter = (us: number) => ({
  day_us: spanStartOf('day', us),
  hour_us: spanStartOf('hour', us),
  until_us: us + lookBackUs,
})

/** Part of every unit that changes what happened from `fromUs` to `untilUs`. */
export function unsettle(fromUs: number, untilUs = fromUs): RawBuilder<unknown> {
  const { day_us: dayUs, hour_us: hourUs } = wrongAfter(fromUs)
  return deleteMarks(sql`${dayUs}`, sql`${hourUs}`, sql`${untilUs + lookBackUs}`)
}

export const deleteMarks = (
  dayUs: RawBuilder<unknown>,
  hourUs: RawBuilder<unknown>,
  untilUs: RawBuilder<unknown>,
): RawBuilder<unknown> =>
  sql`delete from settled_spans where start_us >= ${dayUs} and start_us <= ${untilUs} and (span = 'day' or start_us >= ${hourUs})`

/** A span that somebody sums now. Of two the later has it, and the other's writing changes nothing. */
export interface Claim extends SpanStart {
  readonly claim: string
}

/** Whose sums may be used. */
export type Mark = Claim

export interface SpanMark extends Mark {
  readonly ready: boolean
}

/** Of every span that starts in the window, also of those that nobody has summed to the end. */
export async function readSpans(db: Kysely<Database>, startUs: number, endUs: number): Promise<readonly SpanMark[]> {
  const spans = db.selectFrom('settled_spans').select(['span', 'start_us', 'claim', 'ready'])
  const rows = await spans.where('start_us', '>=', startUs).where('start_us', '<', endUs).orderBy('start_us').execute()
  return rows.map(({ span, start_us: us, claim, ready }) => ({
    span: span === 'day' ? 'day' : 'hour',
    startUs: Number(us),
    claim,
    ready: ready === 1,
  }))
}

/** Of the spans that lie wholly in the window, in their order. */
async function readMarks(db: Kysely<Database>, startUs: number, endUs: number): Promise<readonly Mark[]> {
  const spans = await readSpans(db, startUs, endUs)
  return spans.filter(({ span, startUs: us, ready }) => ready && us + spanUs[span] <= endUs)
}

/**
 * What `read` makes of the window and its marks: again when one of them fell while it read, and without any when that goes on.
 * What it gives has then been true of the rows at one time.
 */
export async function withMarks<T>(
  db: Kysely<Database>,
  { startUs, endUs }: { readonly startUs: number; readonly endUs: number },
  read: (marks: readonly Mark[]) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const marks = await readMarks(db, startUs, endUs)
    const outcome = await read(marks)
    if (marks.length === 0) return outcome
    const now = new Set((await readMarks(db, startUs, endUs)).map(({ claim }) => claim))
    if (marks.every(({ claim }) => now.has(claim))) return outcome
  }
  return read([])
}
const attempts = 3

export const startsOf = (marks: readonly Mark[], span: Span): readonly number[] =>
  marks.flatMap((mark) => (mark.span === span ? [mark.startUs] : []))

/** The sums themselves; the mark is gone by then, or this is its claim. */
export const clearSums = (db: Kysely<Database>, { span, startUs }: SpanStart): readonly CompiledQuery[] =>
  (['settled_usage', 'settled_facts'] as const).map((table) =>
    sql`delete from ${sql.table(table)} where span = ${span} and start_us = ${startUs}`.compile(db),
  )

/** For what must not be found in the database any more: an hour's sums and its day's go, marks and all. */
export const forgetSums = (db: Kysely<Database>, us: number): readonly CompiledQuery[] => [
  unsettle(us).compile(db),
  ...clearSums(db, { span: 'hour', startUs: spanStartOf('hour', us) }),
  ...clearSums(db, { span: 'day', startUs: spanStartOf('day', us) }),
]

export const takeClaim = (db: Kysely<Database>, { span, startUs, claim }: Claim): CompiledQuery =>
  sql`insert into settled_spans (span, start_us, claim, ready) values (${span}, ${startUs}, ${claim}, 0)
on conflict (start_us, span) do update set claim = excluded.claim, ready = 0`.compile(db)

/** First in every unit of who has the claim: on Postgres nobody takes it away while the unit runs. */
export const holdClaim = (db: Kysely<Database>, { span, startUs, claim }: Claim): CompiledQuery =>
  sql`update settled_spans set ready = 0 where span = ${span} and start_us = ${startUs} and claim = ${claim}`.compile(db)

/** One row affected: what was written may be used. */
export const markReady = (db: Kysely<Database>, { span, startUs, claim }: Claim): CompiledQuery =>
  sql`update settled_spans set ready = 1 where span = ${span} and start_us = ${startUs} and claim = ${claim}`.compile(db)

/** Of every other statement of such a unit. */
export const isClaimed = ({ span, startUs, claim }: Claim): RawBuilder<unknown> =>
  sql`exists (select 1 from settled_spans as mine where mine.span = ${span} and mine.start_us = ${startUs} and mine.claim = ${claim})`
