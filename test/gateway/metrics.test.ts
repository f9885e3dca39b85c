// What /metrics says, through the front door: it says what the ledger says, and it says what its page says.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCounts, createHistogram, printFamilies } from '../../src/gateway/prometheus.ts'
import { nanoUsdOf } from '../../src/lib/money.ts'
import { eventually } from '../support/deadline.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { root } from '../support/import-graph.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway({ config: { limits: { max_retries: 1 } } })
})
afterAll(() => gateway.stop())

const scrape = async (): Promise<string> => (await fetch(`${gateway.url}/metrics`)).text()

/** Of all samples with these labels. */
function sumOf(text: string, name: string, ...labels: readonly string[]): number {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  return lines
    .filter((line) => labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

const ask = (body: object = {}, token?: string) =>
  gateway.post(
    '/v1/messages',
    { model: 'claude-haiku-4-5', max_tokens: 16, messages: [{ role: 'user', content: 'hi' }], ...body },
    token === undefined ? {} : { token },
  )

async function whole(answer: Promise<Response>): Promise<number> {
  const response = await answer
  await response.text()
  return response.status
}

describe('GET /metrics', () => {
  it('counts each turn once by how it ended, and costs and tokens to the nano-dollar of the ledger', async () => {
    const capped = await gateway.issue({ allowedModels: ['openai:*'] })
    expect(await whole(ask())).toBe(200)
    expect(await whole(ask({ stream: true }))).toBe(200)
    expect(await whole(ask({ model: 'gpt-5-mini' }))).toBe(200)
    gateway.provider.script({ status: 500 }, { status: 500 })
    expect(await whole(ask())).toBe(500)
    gateway.provider.script({ status: 529 })
    expect(await whole(ask())).toBe(200)
    expect(await whole(ask({}, capped.token))).toBe(403)
    expect(await whole(ask({ messages: 7 }))).toBe(400)
    expect(await whole(ask({}, 'gw_none'))).toBe(401)

    const text = await scrape()
    const turns = (await gateway.events()).filter(({ type }) => type === 'turn.completed')
    for (const status of ['ok', 'failed', 'refused', 'cancelled']) {
      const recorded = turns.filter(({ payload }) => payload['status'] === status).length
      expect([status, sumOf(text, 'metis_turns_total', `status="${status}"`)]).toEqual([status, recorded])
    }
    const calls = (await gateway.events()).filter(({ type }) => type === 'llm.call_completed')
    const total = (field: string) => calls.reduce((sum, { payload }) => sum + Number(payload[field]), 0)
    const nanoUsd = calls.reduce((sum, { payload }) => sum + nanoUsdOf(Number(payload['cost_usd'])), 0)
    expect(nanoUsd).toBeGreaterThan(0)
    expect(sumOf(text, 'metis_cost_nano_usd_total')).toBe(nanoUsd)
    expect(sumOf(text, 'metis_tokens_total', 'type="input"')).toBe(total('input_tokens'))
    expect(sumOf(text, 'metis_tokens_total', 'type="output"')).toBe(total('output_tokens'))
    expect(sumOf(text, 'metis_tokens_total', 'type="cache_read"')).toBe(total('cached_input_tokens'))
    expect(sumOf(text, 'gen_ai_client_operation_duration_seconds_count')).toBe(5)
    expect(sumOf(text, 'gen_ai_client_operation_time_to_first_chunk_seconds_count')).toBe(1)
    expect(sumOf(text, 'metis_upstream_attempts_total', '"anthropic"')).toBe(6)
    expect(sumOf(text, 'metis_upstream_errors_total', 'error_type="server_error"')).toBe(2)
    expect(sumOf(text, 'metis_upstream_errors_total', 'error_type="overloaded"')).toBe(1)
    expect(sumOf(text, 'metis_turns_refused_total', 'code="model_not_allowed"')).toBe(1)
    expect(sumOf(text, 'metis_error_answers_total', 'code="invalid_api_key"')).toBe(1)
    expect(sumOf(text, 'metis_auth_failures_total')).toBe(1)
  })

  it('counts a client that leaves as cancelled, with what it was served', async () => {
    const before = await scrape()
    gateway.provider.script({ delayFirstMs: 60_000 })
    const leaving = new AbortController()
    const seen = gateway.provider.requests.length
    const asked = gateway.post('/v1/messages', { model: 'claude-haiku-4-5', max_tokens: 16, stream: true, messages: [{ role: 'user', content: 'hi' }] }, { signal: leaving.signal }) // prettier-ignore
    await gateway.provider.received(seen + 1)
    leaving.abort()
    await expect(asked).rejects.toThrow()
    const cancelled = (text: string) => sumOf(text, 'metis_turns_total', 'status="cancelled"')
    await eventually(10_000, 'the cancelled turn', async () => cancelled(await scrape()) > cancelled(before) || undefined)
  })

  it('says which provider is kept away from', async () => {
    expect(sumOf(await scrape(), 'metis_provider_available', '"anthropic"')).toBe(1)
    gateway.provider.script({ status: 401 })
    expect(await whole(ask())).toBe(502)
    const text = await scrape()
    expect(sumOf(text, 'metis_provider_available', '"anthropic"')).toBe(0)
    expect(sumOf(text, 'metis_provider_available', '"openai"')).toBe(1)
  })

  it('lists the names that its page lists, with their types, and no others', async () => {
    const answered = [...(await scrape()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`)
    const page = readFileSync(join(root, 'docs/observability.md'), 'utf8')
    const documented = [...page.matchAll(/^\| `(\w+)` \| (counter|gauge|histogram) \|/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    )
    expect(documented).toEqual(answered)
  })
})

describe('the text format', () => {
  it('keeps a label one label, whatever is in it', () => {
    const samples = () => [{ labels: { model: 'a"b\\c\nd{}' }, value: 1 }]
    expect(printFamilies([{ name: 'x', type: 'counter', help: 'h', samples }])).toBe(
      '# HELP x h\n# TYPE x counter\nx{model="a\\"b\\\\c\\nd{}"} 1\n',
    )
  })

  it('has a bounded number of series, and loses no count', () => {
    const counts = createCounts(3)
    for (let n = 0; n < 10; n++) counts.add({ code: `c${n}` })
    expect(counts.samples().map(({ labels, value }) => [labels['code'], value])).toEqual([['c0', 1], ['c1', 1], ['c2', 1], ['other', 7]]) // prettier-ignore
  })

  it('puts a value on a bound into its bucket, and counts each bucket with those below', () => {
    const histogram = createHistogram([1, 2])
    for (const value of [1, 1.5, 2, 99]) histogram.observe(value)
    expect(histogram.samples({}).map(({ suffix, labels, value }) => [suffix, labels['le'], value])).toEqual([
      ['_bucket', '1', 1],
      ['_bucket', '2', 3],
      ['_bucket', '+Inf', 4],
      ['_sum', undefined, 103.5],
      ['_count', undefined, 4],
    ])
  })
})
