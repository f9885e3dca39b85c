// Thirty days of made-up work for the `demo` command: who did what with which tool, on which model, and how it ended. Made
// from a seed and the moment it ends at: the same two give the same days.
import type { Shape } from '../../src/ir/stream.ts'
import { noUsage, type Usage } from '../../src/ir/usage.ts'

/** One key of the sample; null stands for the agent surface, which has none. */
export interface SampleKey {
  readonly name: string
  readonly userId: string | null
  readonly teamId: string | null
  readonly workspace: string
  readonly allowedModels?: readonly string[]
  readonly requestsPerMinute?: number
}

export const sampleKeys = {
  alice: { name: 'alice-laptop', userId: 'alice', teamId: 'eng', workspace: '/srv/web-shop' },
  bob: { name: 'bob-laptop', userId: 'bob', teamId: 'eng', workspace: '/srv/billing-api' },
  erin: { name: 'erin-laptop', userId: 'erin', teamId: 'eng', workspace: '/srv/mobile-app' },
  dan: { name: 'dan-notebooks', userId: 'dan', teamId: 'data', workspace: '/srv/forecasts' },
  fatima: { name: 'fatima-laptop', userId: 'fatima', teamId: 'data', workspace: '/srv/forecasts' },
  carol: { name: 'carol-laptop', userId: 'carol', teamId: 'sales', workspace: '/srv/proposals', allowedModels: ['openai:*'] },
  ci: { name: 'ci-nightly', userId: null, teamId: null, workspace: '/srv/web-shop', requestsPerMinute: 60 },
} as const satisfies Record<string, SampleKey>
export type SampleKeyName = keyof typeof sampleKeys
export const sampleKeyNames: readonly SampleKeyName[] = ['alice', 'bob', 'erin', 'dan', 'fatima', 'carol', 'ci']

export interface SampleTurn {
  /** In its session. */
  readonly number: number
  readonly key: SampleKeyName | null
  readonly session: string
  readonly startMs: number
  readonly latencyMs: number
  readonly ttftMs: number
  readonly shape: Shape | null
  readonly client: string | null
  readonly project: string
  readonly branch: string
  readonly requestedModel: string
  readonly provider: string
  /** The provider's own name. */
  readonly model: string
  readonly stream: boolean
  readonly usage: Usage
  readonly toolCalls: number
  readonly outcome: 'ok' | 'failed' | 'cancelled' | 'refused'
  /** Why it failed, or why its first attempt did; null = nothing went wrong. */
  readonly fault: SampleFault | null
  readonly tags: Readonly<Record<string, string>>
}

/** As the provider said it. */
export interface SampleFault {
  readonly errorClass: string
  /** null = no answer came. */
  readonly status: number | null
  readonly message: string
}

interface Habit {
  /** How often, against the others. */
  readonly weight: number
  readonly key: SampleKeyName | null
  readonly client: string | null
  readonly shape: Shape | null
  readonly project: string
  readonly branches: readonly string[]
  /** What the client asks for, and what answers. */
  readonly models: readonly (readonly [requested: string, provider: string, model: string])[]
  readonly turnsPerSession: number
  /** Tokens of the first request: system prompt, tools, first question. */
  readonly opening: number
  readonly answer: number
  readonly callsTools: boolean
  readonly tags: Readonly<Record<string, string>>
}

const opus = ['claude-opus-5-5', 'anthropic', 'claude-opus-5-5'] as const
const sonnet = ['claude-sonnet-5-5', 'anthropic', 'claude-sonnet-5-5'] as const
const haiku = ['haiku', 'anthropic', 'claude-haiku-4-5'] as const
const mini = ['gpt-5-mini', 'openai', 'gpt-5-mini'] as const
const sol = ['gpt-6-sol', 'openai', 'gpt-6-sol'] as const
const kimi = ['kimi', 'moonshot', 'kimi-k3'] as const
const qwen = ['fast', 'local', 'qwen3:8b'] as const

const habits: readonly Habit[] = [
  { weight: 9, key: 'alice', client: 'claude-code', shape: 'anthropic', project: 'web-shop', branches: ['main', 'checkout-redesign'], models: [opus, sonnet, sonnet], turnsPerSession: 14, opening: 14_000, answer: 650, callsTools: true, tags: { env: 'dev' } },
  { weight: 6, key: 'bob', client: 'codex', shape: 'openai-responses', project: 'billing-api', branches: ['main', 'invoices-v2'], models: [sol], turnsPerSession: 10, opening: 9_000, answer: 700, callsTools: true, tags: { env: 'dev' } },
  { weight: 4, key: 'bob', client: 'cursor', shape: 'openai', project: 'billing-api', branches: ['invoices-v2'], models: [['anthropic:claude-haiku-4-5', 'anthropic', 'claude-haiku-4-5'], mini], turnsPerSession: 5, opening: 5_000, answer: 420, callsTools: true, tags: {} },
  { weight: 5, key: 'erin', client: 'claude-code', shape: 'anthropic', project: 'mobile-app', branches: ['main', 'offline-mode'], models: [sonnet, haiku], turnsPerSession: 9, opening: 11_000, answer: 520, callsTools: true, tags: { env: 'dev' } },
  { weight: 5, key: 'dan', client: 'anthropic-sdk', shape: 'anthropic', project: 'forecasts', branches: ['main', 'q1-model'], models: [opus, sonnet], turnsPerSession: 6, opening: 16_000, answer: 900, callsTools: false, tags: { job: 'notebook' } },
  { weight: 4, key: 'fatima', client: 'openai-sdk', shape: 'openai', project: 'forecasts', branches: ['q1-model'], models: [sol, mini], turnsPerSession: 7, opening: 8_000, answer: 600, callsTools: true, tags: { job: 'notebook' } },
  { weight: 5, key: 'carol', client: 'openai-sdk', shape: 'openai', project: 'proposals', branches: ['main'], models: [mini, haiku, kimi], turnsPerSession: 4, opening: 2_600, answer: 800, callsTools: false, tags: { customer: 'acme' } },
  { weight: 3, key: 'ci', client: 'anthropic-sdk', shape: 'anthropic', project: 'web-shop', branches: ['main'], models: [haiku], turnsPerSession: 6, opening: 3_500, answer: 300, callsTools: false, tags: { job: 'review' } },
  { weight: 2, key: null, client: null, shape: null, project: 'web-shop', branches: ['main'], models: [haiku], turnsPerSession: 3, opening: 1_800, answer: 350, callsTools: true, tags: {} },
  { weight: 2, key: 'alice', client: 'openai-sdk', shape: 'openai', project: 'web-shop', branches: ['main'], models: [qwen], turnsPerSession: 3, opening: 900, answer: 250, callsTools: false, tags: { env: 'dev' } },
] // prettier-ignore

const dayMs = 86_400_000
const days = 30
const sessionsPerWorkday = 5
const sessionsPerDayOff = 1
/** How long a provider keeps what it has cached. */
const cacheMs = 5 * 60_000

/** In the order in which they began; all of them ended before `endMs`. */
export function planTraffic(endMs: number, seed: number): readonly SampleTurn[] {
  const random = mulberry32(seed)
  const turns: SampleTurn[] = []
  const firstDay = Math.floor(endMs / dayMs) * dayMs - (days - 1) * dayMs
  for (let day = 0; day < days; day += 1) {
    const dayStart = firstDay + day * dayMs
    const weekday = new Date(dayStart).getUTCDay()
    const sessions = weekday === 0 || weekday === 6 ? sessionsPerDayOff : sessionsPerWorkday
    for (let number = 0; number < sessions; number += 1) {
      // Working hours, 7 to 18 UTC.
      const startMs = dayStart + (7 + random() * 11) * 3_600_000
      turns.push(...sessionOf(pickHabit(random()), `demo-${day}-${number}`, startMs, random))
    }
  }
  return turns.filter((turn) => turn.startMs + turn.latencyMs < endMs).sort((a, b) => a.startMs - b.startMs)
}

function pickHabit(at: number): Habit {
  let left = at * habits.reduce((sum, { weight }) => sum + weight, 0)
  const found = habits.find(({ weight }) => (left -= weight) < 0) ?? habits[0]
  if (found === undefined) throw new Error('there are no habits')
  return found
}

/** A conversation that grows: what was said is read from the cache, what is new is written to it. */
function sessionOf(habit: Habit, session: string, startMs: number, random: () => number): SampleTurn[] {
  const { models, branches } = habit
  const [requestedModel, provider, model] = models[Math.floor(random() * models.length)] ?? haiku
  const branch = branches[Math.floor(random() * branches.length)] ?? 'main'
  const around = (size: number): number => Math.round(size * (0.5 + random()))
  const turns: SampleTurn[] = []
  let context = 0
  let atMs = startMs
  const count = Math.max(1, around(habit.turnsPerSession))
  for (let number = 0; number < count; number += 1) {
    const { outcome, fault } = endOf(random())
    const pauseMs = number > 0 && random() < 0.07 ? 6 * 60_000 + random() * 40 * 60_000 : 4_000 + random() * 60_000
    if (number > 0) atMs += pauseMs
    const fresh = number === 0 ? around(habit.opening) : around(habit.opening / 12)
    const output = Math.round(around(habit.answer) * (outcome === 'cancelled' ? 0.3 : 1))
    const ttftMs = 300 + Math.round(random() * 1_400)
    const waitedMs = fault === null ? 0 : 600 + Math.round(random() * 900)
    const latencyMs = outcome === 'refused' ? 2 : outcome === 'failed' ? ttftMs : waitedMs + ttftMs + output * 13
    const { key, client, shape, project, tags, callsTools } = habit
    const usage =
      outcome === 'failed' || outcome === 'refused' ? noUsage : usageOf(provider, context, fresh, output, pauseMs < cacheMs)
    const toolCalls = callsTools && outcome === 'ok' && random() < 0.6 ? 1 : 0
    turns.push({ number, key, session, startMs: Math.round(atMs), latencyMs, ttftMs, shape, client, project, branch, requestedModel, provider, model, stream: client !== null, usage, toolCalls, outcome, fault, tags }) // prettier-ignore
    if (outcome === 'ok') context += fresh + output
    atMs += latencyMs
  }
  return turns
}

const faults: readonly SampleFault[] = [
  { errorClass: 'overloaded', status: 529, message: 'The provider is overloaded (sample).' },
  { errorClass: 'rate_limit', status: 429, message: 'Too many requests (sample).' },
  { errorClass: 'server_error', status: 500, message: 'The provider failed (sample).' },
  { errorClass: 'timeout', status: null, message: 'No byte came in time (sample).' },
]

/** Of a hundred: two were helped by a second attempt, three left, two failed, one was refused. */
function endOf(at: number): Pick<SampleTurn, 'outcome' | 'fault'> {
  const fault = faults[Math.floor(at * 10_000) % faults.length] ?? null
  if (at < 0.92) return { outcome: 'ok', fault: null }
  if (at < 0.94) return { outcome: 'ok', fault }
  if (at < 0.97) return { outcome: 'cancelled', fault: null }
  return at < 0.99 ? { outcome: 'failed', fault } : { outcome: 'refused', fault: null }
}

/** Anthropic's clients mark what to cache; OpenAI and its kin cache what they saw, in steps of 128 from 1,024 on; local servers tell nothing. */
function usageOf(provider: string, context: number, fresh: number, output: number, isKept: boolean): Usage {
  if (provider === 'local') return { ...noUsage, inputUncached: context + fresh, output }
  const held = isKept ? context : 0
  if (provider === 'anthropic')
    return { ...noUsage, inputUncached: 4, cacheRead: held, cacheWrite5m: context - held + fresh, output }
  const cacheRead = held < 1024 ? 0 : Math.floor(held / 128) * 128
  return { ...noUsage, inputUncached: context + fresh - cacheRead, cacheRead, output, reasoning: Math.floor(output / 3) }
}

/** A small generator of numbers in [0, 1) that a seed repeats (Tommy Ettinger's mulberry32, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
