// The facts of a window, by model: the one source of reliability, routing and the cache's misses. Settled days and hours are
// read as they were summed, everything else from its rows, by the code that sums them.
import type { Kysely } from 'kysely'
import type { Database } from '../store/schema.ts'
import { startsOf, withMarks, type Mark } from '../store/settled.ts'
import { foldCalls } from './call-facts.ts'
import type { Scope } from './endpoint.ts'
import { createFactBook, type Fact, type FactBook, type FactKind } from './facts.ts'
import { foldDecisions } from './route-facts.ts'
import { addSettledFacts } from './settled-facts.ts'
import { partsOf } from './settled-splits.ts'
import type { Window } from './window.ts'

const ofCalls: ReadonlySet<FactKind> = new Set(['status', 'latency', 'ttft', 'miss'])

export async function readFacts(db: Kysely<Database>, scope: Scope, kinds: readonly FactKind[]): Promise<readonly Fact[]> {
  return withMarks(db, scope.window, async (marks) => {
    const book = createFactBook('byModel')
    for (const rest of await addSettled(db, scope, { kinds, marks }, book))
      await foldFacts(db, { ...scope, window: rest }, kinds, [book])
    return book.facts()
  })
}

export async function foldFacts(
  db: Kysely<Database>,
  scope: Scope,
  kinds: readonly FactKind[],
  books: readonly FactBook[],
): Promise<void> {
  if (kinds.some((kind) => ofCalls.has(kind))) await foldCalls(db, scope, kinds, books)
  await foldDecisions(db, scope, kinds, books)
}

/** What is left of the window. */
async function addSettled(
  db: Kysely<Database>,
  { window, filters }: Scope,
  { kinds, marks }: { readonly kinds: readonly FactKind[]; readonly marks: readonly Mark[] },
  book: FactBook,
): Promise<readonly Window[]> {
  if (filters.some(([column]) => column === 'session_id')) return [window]
  const resolution = filters.every(([column]) => column === 'model' || column === 'provider') ? 'byModel' : 'whole'
  let left: readonly Window[] = [window]
  for (const span of ['day', 'hour'] as const) {
    const parts = left.map((within) => partsOf(within, span, startsOf(marks, span)))
    for (const run of parts.flatMap(({ settled }) => settled))
      await addSettledFacts(db, { resolution, span }, run, { kinds, filters }, book)
    left = parts.flatMap(({ rest }) => rest)
  }
  return left
}
