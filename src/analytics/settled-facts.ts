// Facts of settled spans as rows, and back.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { RowsInto } from '../store/insert-rows.ts'
import type { Database } from '../store/schema.ts'
import type { SettledFactsTable } from '../store/settled-tables.ts'
import { isClaimed, type Claim, type Span } from '../store/settled.ts'
import { subjectColumns, type Fact, type FactBook, type FactKind, type FactResolution } from './facts.ts'
import type { Filters } from './filters.ts'
import { histogramOf, histogramText } from './histogram.ts'
import { ofMarks, ofRun } from './settled-run.ts'
import type { Window } from './window.ts'

const columns = [
  'resolution',
  'span',
  'kind',
  'start_us',
  ...subjectColumns,
  'detail',
  'histogram',
  'count',
  'retried',
  'missed_tokens',
  'missed_write_5m_tokens',
  'missed_write_1h_tokens',
  'last_us',
] as const satisfies readonly (keyof SettledFactsTable)[]

export const factsTarget = (claim: Claim): RowsInto<'settled_facts'> => ({
  table: 'settled_facts',
  columns,
  where: isClaimed(claim),
})

export const factRow = ({ span, startUs }: Claim, resolution: FactResolution, fact: Fact): SettledFactsTable => ({
  resolution,
  span,
  kind: fact.kind,
  start_us: startUs,
  ...fact.subject,
  detail: fact.detail,
  histogram: histogramText(fact.histogram),
  count: fact.count,
  retried: fact.retried,
  missed_tokens: fact.missedTokens,
  missed_write_5m_tokens: fact.missedWrite5mTokens,
  missed_write_1h_tokens: fact.missedWrite1hTokens,
  last_us: fact.lastUs,
})

export async function addSettledFacts(
  db: Kysely<Database>,
  { resolution, span }: { readonly resolution: FactResolution; readonly span: Span },
  { startUs, endUs }: Window,
  { kinds, filters }: { readonly kinds: readonly FactKind[]; readonly filters: Filters },
  book: FactBook,
): Promise<void> {
  const conditions = [
    ofRun('settled_facts', { span, startUs, endUs }),
    sql`resolution = ${resolution}`,
    sql`kind in (${sql.join(kinds)})`,
    ...filters.map(([column, value]) => sql`${sql.ref(column)} = ${value}`),
  ]
  const { rows } = await sql<SettledFactsTable & { readonly kind: FactKind }>`
select settled_facts.* from ${ofMarks('settled_facts')} where ${sql.join(conditions, sql` and `)}`.execute(db)
  for (const row of rows) {
    book.add(row.kind, row, row.detail, {
      count: Number(row.count),
      retried: Number(row.retried),
      missedTokens: Number(row.missed_tokens),
      missedWrite5mTokens: Number(row.missed_write_5m_tokens),
      missedWrite1hTokens: Number(row.missed_write_1h_tokens),
      lastUs: Number(row.last_us),
      histogram: histogramOf(row.histogram),
    })
  }
}
