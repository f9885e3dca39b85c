// The golden promise from end to end: whatever turns a gateway had, the API, the CSV, /metrics and `doctor ledger` tell the same
// nano-dollars, and they are those of the events.
import fc from 'fast-check'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import * as z from 'zod'
import { runCommand } from '../../runtimes/node/commands/run.ts'
import { startServe, type ServeProcess } from '../../runtimes/node/serve-process.ts'
import { nanoUsdOf } from '../../src/lib/money.ts'
import { fakeIo } from '../support/fake-io.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { databaseFor } from '../support/test-database.ts'

let gateway: TestGateway
let serve: ServeProcess
beforeAll(async () => {
  gateway = await startTestGateway({ config: { limits: { max_retries: 0 } } })
  serve = await startServe(gateway.context, { port: 0 })
})
afterAll(async () => {
  await serve.close()
  await gateway.stop()
})

const turn = fc.record({
  path: fc.constantFrom('/v1/messages', '/v1/chat/completions'),
  // The last has no price.
  model: fc.constantFrom(
    'anthropic:claude-haiku-4-5',
    'openai:gpt-5-mini',
    'anthropic:claude-opus-4-8',
    'openai:nobody-knows-me',
  ),
  stream: fc.boolean(),
  words: fc.integer({ min: 1, max: 4000 }),
  fails: fc.constantFrom(false, false, false, true),
})
type Turn = typeof turn extends fc.Arbitrary<infer Of> ? Of : never

async function make({ path, model, stream, words, fails }: Turn): Promise<void> {
  if (fails) gateway.provider.script({ status: 500 })
  const messages = [{ role: 'user', content: 'word '.repeat(words) }]
  const response = await gateway.post(path, { model, stream, max_tokens: 64, messages })
  expect(response.ok).toBe(!fails)
  await response.text()
}

interface Told {
  readonly nanoUsd: number
  readonly calls: number
  readonly unpriced: number
}

async function inEvents(): Promise<Told> {
  const calls = (await gateway.events()).filter(({ type }) => type.startsWith('llm.call_'))
  const costs = calls.map(({ type, payload }) => (type === 'llm.call_failed' ? 0 : payload['cost_usd']))
  return {
    nanoUsd: costs.reduce<number>((sum, cost) => sum + nanoUsdOf(Number(cost ?? 0)), 0),
    calls: calls.length,
    unpriced: costs.filter((cost) => cost === null).length,
  }
}

const totals = z.object({ cost_usd: z.number().nullable(), call_count: z.int(), unpriced_calls: z.int() })

async function ofApi(groupBy: string): Promise<Told> {
  const response = await fetch(`${serve.url}/analytics/cost?window=all&group_by=${groupBy}`)
  const { data } = z.object({ data: z.union([totals, z.array(totals)]) }).parse(await response.json())
  const rows = Array.isArray(data) ? data : [data]
  const sum = (of: (row: z.infer<typeof totals>) => number) => rows.reduce((all, row) => all + of(row), 0)
  return {
    nanoUsd: sum((row) => nanoUsdOf(row.cost_usd ?? 0)),
    calls: sum((row) => row.call_count),
    unpriced: sum((row) => row.unpriced_calls),
  }
}

async function command(...argv: string[]): Promise<readonly string[]> {
  const db = await databaseFor(join(gateway.context.home, 'metis.db'))
  const io = fakeIo({ env: { METIS_HOME: gateway.context.home }, cwd: gateway.context.home })
  expect(await runCommand([...argv, '--db', db], io), io.stderr.join('\n')).toBe(0)
  return io.stdout
}

async function ofCsv(): Promise<Told> {
  const [header = '', ...lines] = await command('export', '--format', 'csv')
  const place = header.split(',').indexOf('cost_usd')
  // Nothing before the cost has a comma in it here.
  const costs = lines.map((line) => line.split(',')[place] ?? '')
  return {
    nanoUsd: costs.reduce((sum, cost) => sum + nanoUsdOf(Number(cost)), 0),
    calls: costs.length,
    unpriced: costs.filter((cost) => cost === '').length,
  }
}

async function ofMetrics(): Promise<Told> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text()
  const sumOf = (name: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  return {
    nanoUsd: sumOf('metis_cost_nano_usd_total'),
    calls: sumOf('gen_ai_client_operation_duration_seconds_count'),
    unpriced: sumOf('metis_unpriced_calls_total'),
  }
}

async function ofLedger(): Promise<Told> {
  const proof = z.object({ ok: z.literal(true), cost_usd: z.number(), calls: z.int(), unpriced_calls: z.int() })
  const {
    cost_usd: usd,
    calls,
    unpriced_calls: unpriced,
  } = proof.parse(JSON.parse((await command('doctor', 'ledger', '--json')).join('')))
  return { nanoUsd: nanoUsdOf(usd), calls, unpriced }
}

it('tells one sum everywhere, to the nano-dollar, for whatever turns there were', () =>
  fc.assert(
    fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 8 }), async (turns) => {
      for (const each of turns) await make(each)
      const told = await inEvents()
      for (const groupBy of ['none', 'model', 'day', 'session']) expect(await ofApi(groupBy), groupBy).toEqual(told)
      expect(await ofCsv(), 'csv').toEqual(told)
      expect(await ofMetrics(), 'metrics').toEqual(told)
      expect(await ofLedger(), 'ledger').toEqual(told)
    }),
    { numRuns: 4, endOnFailure: true },
  ))
