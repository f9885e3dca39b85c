// How the sums of a run of settled spans are found: by its marks, one seek each, because a table of sums lies in the order of time.
import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Span } from '../store/settled.ts'

type Sums = 'settled_usage' | 'settled_facts'

/** `cross`: SQLite goes through the marks first then, whatever it thinks of the tables' sizes. */
export const ofMarks = (sums: Sums): RawBuilder<unknown> => sql`settled_spans as mark cross join ${sql.table(sums)}`

/** `+`: SQLite would conclude that the sums lie in the run, too, and read all of it once for each mark. */
export const ofRun = (
  sums: Sums,
  { span, startUs, endUs }: { readonly span: Span; readonly startUs: number; readonly endUs: number },
): RawBuilder<unknown> => sql`mark.span = ${span} and mark.start_us >= ${startUs} and mark.start_us < ${endUs} and mark.ready = 1
and ${sql.ref(`${sums}.span`)} = ${span} and ${sql.ref(`${sums}.start_us`)} = +mark.start_us`
