// The sums as others see them: every way in which analytics splits all of time, asked as serve asks it, and the export, read
// back from what it prints.
import type { Kysely } from 'kysely'
import * as z from 'zod'
import { nanoUsdOf } from '../../lib/money.ts'
import type { Database } from '../../store/schema.ts'
import { byKey } from '../by-key.ts'
import { byTeam } from '../by-team.ts'
import { byUser } from '../by-user.ts'
import { readCallPages } from '../call-pages.ts'
import { cost } from '../cost.ts'
import type { AnalyticsContext, Endpoint, Scope } from '../endpoint.ts'
import { noNames } from '../export/display-names.ts'
import { exporterOf } from '../export/formats.ts'
import { noSums, withCall, type Sums } from './sums.ts'

const questions: readonly (readonly [endpoint: Endpoint, split: string])[] = [
  ...['none', 'model', 'provider', 'day', 'hour', 'gateway_key', 'user', 'team', 'project', 'branch', 'client'].map(
    (dimension) => [cost, `group_by=${dimension}`] as const,
  ),
  [byKey, ''],
  [byUser, ''],
  [byTeam, ''],
]

const answerRow = z.looseObject({
  cost_usd: z.number().nullable(),
  call_count: z.int(),
  unpriced_calls: z.int(),
  input_tokens: z.int(),
  output_tokens: z.int(),
  cached_input_tokens: z.int(),
  cache_creation_input_tokens: z.int(),
})

const answer = z.looseObject({
  data: z.union([z.array(answerRow), answerRow]),
  omitted: z.object({ totals: answerRow }).optional(),
})

/** Of every question, by its name. */
export async function readAnswers(context: AnalyticsContext): Promise<readonly (readonly [question: string, sums: Sums])[]> {
  const answers: (readonly [string, Sums])[] = []
  for (const [endpoint, split] of questions) {
    const search = new URLSearchParams(`window=all&${split}`)
    const { data, omitted } = answer.parse(await endpoint.answer(context, { search, parameters: {} }))
    const rows = [...(Array.isArray(data) ? data : [data]), ...(omitted === undefined ? [] : [omitted.totals])]
    answers.push([`${endpoint.path}${split === '' ? '' : `?${split}`}`, rows.reduce(withAnswer, noSums)])
  }
  return answers
}

const withAnswer = (sums: Sums, row: z.infer<typeof answerRow>): Sums => ({
  calls: sums.calls + row.call_count,
  unpriced: sums.unpriced + row.unpriced_calls,
  inputTokens: sums.inputTokens + row.input_tokens,
  outputTokens: sums.outputTokens + row.output_tokens,
  cachedInputTokens: sums.cachedInputTokens + row.cached_input_tokens,
  cacheCreationInputTokens: sums.cacheCreationInputTokens + row.cache_creation_input_tokens,
  costNanoUsd: sums.costNanoUsd + nanoUsdOf(row.cost_usd ?? 0),
})

export async function readExport(db: Kysely<Database>, scope: Scope): Promise<Sums> {
  const { line } = exporterOf('jsonl', noNames)
  let sums = noSums
  for await (const page of readCallPages(db, scope)) {
    for (const call of page) {
      const { cost_usd: usd, ...tokens } = exportedCall.parse(JSON.parse(line(call)))
      sums = withCall(sums, { ...tokens, cost_nano_usd: usd === null ? null : nanoUsdOf(usd) })
    }
  }
  return sums
}

const exportedCall = z.object({
  cost_usd: z.number().nullable(),
  input_tokens: z.int(),
  output_tokens: z.int(),
  cached_input_tokens: z.int(),
  cache_creation_input_tokens: z.int(),
})
