// The facts of a window, by model: the one source of reliability, routing and the cache's misses.
import type { Kysely } from 'kysely'
import type { Database } from '../store/schema.ts'
import { foldCalls } from './call-facts.ts'
import type { Scope } from './endpoint.ts'
import { createFactBook, type Fact, type FactKind } from './facts.ts'
import { foldDecisions } from './route-facts.ts'

const ofCalls: ReadonlySet<FactKind> = new Set(['status', 'latency', 'ttft', 'miss'])

export async function readFacts(db: Kysely<Database>, scope: Scope, kinds: readonly FactKind[]): Promise<readonly Fact[]> {
  const book = createFactBook('byModel')
  if (kinds.some((kind) => ofCalls.has(kind))) await foldCalls(db, scope, kinds, [book])
  await foldDecisions(db, scope, kinds, [book])
  return book.facts()
}
