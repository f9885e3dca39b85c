// The pattern slot: what it learns of turns, whom it recommends, and that nothing that was said is kept.
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PatternSettings } from '../../src/config/schema.ts'
import { fingerprintOf, similarityTo } from '../../src/routing/patterns/fingerprint.ts'
import { createPatterns, type Patterns } from '../../src/routing/patterns/patterns.ts'
import { route } from '../../src/routing/router.ts'
import { createPatternStore, giveFeedback, type PatternStore } from '../../src/store/patterns.ts'
import { callRow, insertCalls } from '../analytics/support/call-rows.ts'
import { configWith } from '../catalog/config.ts'
import { openStore, temporaryFolder, type OpenStore } from '../store/open-store.ts'
import { fakeClock, type FakeClock } from '../support/fake-clock.ts'
import { contentOf } from './cases/policy-case.ts'
import { openTables, routeRequestWith, type Question } from './open-tables.ts'

const settings: PatternSettings = { costWeight: 0.3, neighbours: 20, minSample: 3, minConfidence: 0.2 }
const small = 'anthropic:claude-haiku-4-5'
const large = 'anthropic:claude-opus-5-5'
const saying = (text: string, more: Question = {}) => routeRequestWith({ content: () => contentOf(text), ...more })

describe('a fingerprint', () => {
  const printOf = (text: string) => {
    const made = fingerprintOf(saying(text))
    if (made === null) throw new Error('no fingerprint')
    return made
  }

  it('holds numbers, and none of the words', () => {
    const made = printOf('Translate the invoice of Müller & Söhne into French, please.')
    expect(JSON.stringify(made)).not.toMatch(/translate|invoice|ller|french/i)
    expect(made.shingles.every((hash) => Number.isInteger(hash) && hash >= 0 && hash < 2 ** 16)).toBe(true)
    expect(made).toMatchObject({ isQuestion: true, hasHistory: true, hasTools: false, hasImages: false })
  })

  it('is alike for texts that are alike, whatever their case and marks', () => {
    const [one, other, third] = ['Fix the failing parser test!', 'fix the FAILING parser test', 'Write a poem about the sea'].map(
      printOf,
    )
    if (one === undefined || other === undefined || third === undefined) throw new Error('no fingerprint')
    expect(similarityTo(one)(other)).toBe(1)
    expect(similarityTo(one)(third)).toBeLessThan(0.1)
  })

  it('says of long texts, of which it holds a sample, about how much of them is shared', () => {
    const words = Array.from({ length: 1200 }, (_, index) => `word${index * 7919}`)
    const [whole, half, other] = [words, words.slice(0, 600), words.map((word) => `${word}x`)].map((text) =>
      printOf(text.join(' ')),
    )
    if (whole === undefined || half === undefined || other === undefined) throw new Error('no fingerprint')
    expect(whole.shingles).toHaveLength(64)
    expect(similarityTo(whole)(half)).toBeGreaterThan(0.35)
    expect(similarityTo(whole)(half)).toBeLessThan(0.65)
    expect(similarityTo(whole)(other)).toBeLessThan(0.1)
    const few = printOf(words.slice(0, 12).join(' '))
    expect(similarityTo(whole)(few)).toBeLessThan(0.1)
  })

  it('is none for a request without words', () => {
    expect(fingerprintOf(saying(' … '))).toBeNull()
  })

  it('is as like to another as that is to it, between 0 and 1', () => {
    const words = fc.array(fc.constantFrom('fix', 'the', 'parser', 'test', 'write', 'poem', 'invoice', 'translate'), {
      minLength: 2,
      maxLength: 30,
    })
    fc.assert(
      fc.property(words, words, (a, b) => {
        const [one, other] = [printOf(a.join(' ')), printOf(b.join(' '))]
        const similarity = similarityTo(one)(other)
        expect(similarity).toBe(similarityTo(other)(one))
        expect(similarity).toBeGreaterThanOrEqual(0)
        expect(similarity).toBeLessThanOrEqual(1)
        expect(similarityTo(one)(one)).toBe(1)
      }),
    )
  })
})

describe('the pattern slot', () => {
  let folder = temporaryFolder()
  let store: OpenStore
  let kept: PatternStore
  let clock: FakeClock
  let patterns: Patterns
  let turns = 0

  beforeEach(async () => {
    folder = temporaryFolder()
    store = await openStore(`${folder.path}/metis.db`)
    clock = fakeClock()
    kept = createPatternStore(store)
    patterns = createPatterns({ settings, store: kept, clock, logger: { log: () => undefined } })
    await patterns.prepare()
    turns = 0
  })
  afterEach(async () => {
    await store.queue.idle()
    await store.close()
    folder.remove()
  })

  function learn(
    text: string,
    model: string,
    status: 'ok' | 'failed' | 'cancelled',
    costNanoUsd: number | null = null,
    session: string | null = null,
  ): string {
    turns += 1
    const turnId = `turn-${turns}`
    patterns.learn(saying(text), { turnId, session, model, status, costNanoUsd })
    return turnId
  }
  const recommended = (text: string, question: Question = {}) => patterns.recommend(saying(text, question), () => true)

  it('recommends who did well at turns like it, and names the runner-up', async () => {
    for (let times = 0; times < 6; times += 1) {
      learn(`fix the failing parser test number ${times}`, small, times === 0 ? 'ok' : 'failed', 1000)
      learn(`fix the failing parser test number ${times}`, large, 'ok', 5000)
      learn(`translate the invoice number ${times} into french`, small, 'ok', 1000)
      learn(`translate the invoice number ${times} into french`, large, 'ok', 5000)
    }
    expect(recommended('fix the failing parser test again')).toMatchObject({
      model: large,
      scored: [{ model: large }, { model: small }],
    })
    expect(recommended('translate the invoice of june into french')).toMatchObject({ model: small })
  })

  it('says in route.decided whom it recommends and who else was considered', async () => {
    for (let times = 0; times < 6; times += 1) {
      learn('summarise this page for me', small, 'ok', 1000)
      learn('summarise this page for me', large, 'ok', 5000)
    }
    const open = await openTables()
    const tables = open(configWith(['anthropic'], { default_model: 'sonnet' }), { patterns })
    const question = saying('summarise this page for me')
    const { chain, winnerIndex } = route(question, tables)
    expect(chain[winnerIndex]).toMatchObject({ policy: 'pattern', verdict: 'chose', candidate_model: small })
    expect(chain[winnerIndex]?.reason).toMatch(
      new RegExp(
        `^did best at 12 turns like it: ${small} 1\\.00 \\(success 1\\.00, cost efficiency 1\\.00, .*\\), then ${large} 0\\.76 `,
      ),
    )
  })

  it('does not take what broke for cheap', () => {
    for (let times = 0; times < 4; times += 1) {
      learn('count the open orders', small, times < 2 ? 'failed' : 'ok', times < 2 ? 0 : 5000)
      learn('count the open orders', large, 'ok', 5000)
    }
    expect(recommended('count the open orders')?.scored).toMatchObject([
      { model: large, costEfficiency: 1, success: 1 },
      { model: small, costEfficiency: 1, success: 0.5 },
    ])
  })

  it('says nothing of what it knows too little of', () => {
    learn('fix the parser', small, 'ok')
    learn('fix the parser', small, 'ok')
    expect(recommended('fix the parser')).toMatchObject({ model: null, scored: [], neighbours: 2 })
    expect(recommended('a poem about the sea')).toMatchObject({ model: null, neighbours: 0 })
  })

  it('recommends only models that may be asked', () => {
    for (let times = 0; times < 5; times += 1) {
      learn('fix the parser test', small, 'ok', 10)
      learn('fix the parser test', large, 'ok', 10)
    }
    expect(patterns.recommend(saying('fix the parser test'), (model) => model !== small)).toMatchObject({ model: large })
  })

  it('compares only turns that bring the same and are of about the same size', () => {
    for (let times = 0; times < 5; times += 1) learn('fix the parser test', small, 'ok')
    expect(recommended('fix the parser test', { traits: { hasTools: true } })?.neighbours).toBe(0)
    expect(recommended('fix the parser test', { traits: { estimatedInputTokens: 100_000 } })?.neighbours).toBe(0)
  })

  it('takes a question that is asked again as one that was not answered', async () => {
    for (let times = 0; times < 4; times += 1) {
      learn('why is the build red', small, 'ok', 10, `session-${times}`)
      learn('why is the build red?', large, 'ok', 10, `session-${times}`)
    }
    const scores = recommended('why is the build red')?.scored
    expect(scores?.find(({ model }) => model === small)?.success).toBeCloseTo(0.2)
    expect(scores?.find(({ model }) => model === large)?.success).toBe(1)
    await store.queue.idle()
    expect((await kept.read(0, 100)).find(({ turnId }) => turnId === 'turn-1')?.outcome).toBe(0.2)
  })

  it('does not take a side question about the same words for one that is asked again', () => {
    for (let times = 0; times < 4; times += 1) {
      const session = `session-${times}`
      learn('why is the build red', small, 'ok', 10, session)
      const main = saying('why is the build red', { traits: { hasTools: true } })
      patterns.learn(main, { turnId: `main-${times}`, session, model: large, status: 'ok', costNanoUsd: 10 })
    }
    expect(recommended('why is the build red')?.scored).toMatchObject([{ model: small, success: 1 }])
  })

  it('learns nothing of embeddings, and recommends nobody for them', () => {
    const embedding = saying('why is the build red', { endpoint: 'embeddings' })
    for (let times = 0; times < 5; times += 1) {
      patterns.learn(embedding, { turnId: `embedding-${times}`, session: null, model: small, status: 'ok', costNanoUsd: 1 })
      learn('why is the build red', large, 'ok')
    }
    expect(recommended('why is the build red')?.scored).toMatchObject([{ model: large }])
    expect(patterns.recommend(embedding, () => true)).toBeNull()
  })

  it('lets what people say count for more than how a turn ended', async () => {
    const ids = Array.from({ length: 4 }, () => learn('write a haiku about rain', small, 'ok'))
    await store.queue.idle()
    await insertCalls(
      store.storage,
      ids.map((id) => callRow(id)),
    )
    for (const id of ids) expect(await giveFeedback(store, id, 0)).toBe(true)
    expect(await giveFeedback(store, 'turn-of-nobody', 1)).toBe(false)
    await clock.advance(31_000)
    patterns.prepare()
    await expect.poll(() => recommended('write a haiku about rain')?.scored[0]?.success).toBe(0)
  })

  it('is there again after a restart, and holds no text', async () => {
    for (let times = 0; times < 5; times += 1) learn('explain the secret plan', small, 'ok', 7)
    await store.queue.idle()
    const again = createPatterns({ settings, store: kept, clock, logger: { log: () => undefined } })
    await again.prepare()
    expect(again.recommend(saying('explain the secret plan'), () => true)).toMatchObject({ model: small })
    const rows = await store.storage.db.selectFrom('turn_patterns').selectAll().execute()
    expect(JSON.stringify(rows)).not.toMatch(/secret|plan|explain/)
  })
})
