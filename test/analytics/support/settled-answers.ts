// Every kind of answer that sums stand behind, with the sums and without them.
import { expect } from 'vitest'
import type { Storage } from '../../../src/store/storage.ts'
import { objectOf } from '../../support/json.ts'
import type { OpenServe } from './open-serve.ts'

const splits = [
  'none',
  'model',
  'user',
  'gateway_key',
  'team',
  'branch',
  'session',
  'session&limit=1',
  'tag:env',
  'tag:env&limit=1',
  'day',
  'hour',
  'day&stack_by=user',
]
const questions = [
  ...splits.map((split) => `/analytics/cost?group_by=${split}&`),
  '/analytics/by_key?',
  '/analytics/by_team?',
  '/analytics/by_user?',
  '/analytics/reliability?',
  '/analytics/cache_effectiveness?',
  '/analytics/what_if?',
  '/analytics/routing?',
]

export async function answersOf(serve: Pick<OpenServe, 'get'>, scopes: readonly string[]): Promise<readonly string[]> {
  const answers: string[] = []
  for (const question of scopes.flatMap((scope) => questions.map((asked) => asked + scope))) {
    const { status, body } = await serve.get(question)
    expect(status, JSON.stringify(body)).toBe(200)
    answers.push(answerOf(question, body))
  }
  return answers
}

/** As `answersOf` has it. */
export function answerOf(question: string, body: unknown): string {
  const { data, omitted } = objectOf(body)
  return `${question} ${JSON.stringify({ data, omitted })}`
}

/** `hour 2026-01-02T00:00:00.000Z` */
export async function marksOf({ db }: Storage): Promise<readonly string[]> {
  const rows = await db.selectFrom('settled_spans').selectAll().where('ready', '=', 1).orderBy('start_us').execute()
  return rows.map(({ span, start_us: startUs }) => `${span} ${new Date(Number(startUs) / 1000).toISOString()}`)
}

/** What `work` reads, it reads from the rows. */
export async function withoutMarks<T>({ db }: Storage, work: () => Promise<T>): Promise<T> {
  const marks = await db.selectFrom('settled_spans').selectAll().execute()
  await db.deleteFrom('settled_spans').execute()
  const outcome = await work()
  for (const mark of marks) await db.insertInto('settled_spans').values(mark).execute()
  return outcome
}
