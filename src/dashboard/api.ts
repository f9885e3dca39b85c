// Asks serve, keeps the answers that are on the screen, and asks again while somebody looks. One entry per path: two tiles
// with the same question share one answer.
import { signal, type Signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { Envelope as Around } from '../analytics/endpoint.ts'
import { filters, identityFilters, parameter, windowChoice, type FilterName } from './state.ts'

export interface Envelope<Data> extends Around {
  readonly data: Data
}

export interface Failure {
  /** 0 = serve cannot be reached. */
  readonly status: number
  readonly message: string
}

/** A path, and the type that its answer has. */
export interface Query<Answer> {
  readonly path: string
  readonly everyMs: number
  /** An answer that changes no more: nobody asks again but by hand. */
  isFinal?(answer: Answer): boolean
  /** Never there: carries the type. */
  readonly answer?: Answer
}

export const defaultEveryMs = 30_000
const longestAnswerMs = 60_000
/** Until serve is back; what it refuses is not asked for more often than other things are. */
const unreachableEveryMs = 5000

export function query<Answer>(path: string, everyMs = defaultEveryMs, isFinal?: (answer: Answer) => boolean): Query<Answer> {
  return isFinal === undefined ? { path, everyMs } : { path, everyMs, isFinal }
}

type Own = Readonly<Record<string, string>>

/** A question about the window and the filters that are chosen. */
export function analytics<Data>(path: string, own: Own = {}, { everyMs = defaultEveryMs, without = noNames } = {}) {
  const parameters = new URLSearchParams()
  const { name, from, to } = windowChoice.value
  if (name !== 'custom') parameters.set('window', name)
  if (from !== null) parameters.set('from', from)
  if (to !== null) parameters.set('to', to)
  for (const [filter, value] of filters.value) if (!without.includes(filter)) parameters.set(filter, value)
  for (const [key, value] of Object.entries(own)) parameters.set(key, value)
  return query<Envelope<Data>>(`${path}?${parameters.toString()}`, everyMs)
}

/** A page of a list; `next_cursor` null = there is no other. */
export interface Page<Data> extends Envelope<Data> {
  readonly next_cursor: string | null
}

export function analyticsPage<Data>(...asked: Parameters<typeof analytics>): Query<Page<Data>> {
  const { path, everyMs } = analytics(...asked)
  return query<Page<Data>>(path, everyMs)
}

const noNames: readonly FilterName[] = []

/** The tab of identities shows all of them, whichever is chosen. */
export const acrossIdentities = { without: identityFilters }

interface Entry {
  readonly answer: Signal<{ readonly body: unknown; readonly failure: Failure | null; readonly atMs: number }>
  asked: Query<unknown>
  users: number
  asking: boolean
  /** What changed while it was asked: the answer under way may be from before. */
  again: boolean
}

const entries = new Map<string, Entry>()
const unanswered = { body: undefined, failure: null, atMs: 0 }
/** Answers kept for the way back. */
const keptEntries = 60

/** When the last answer came, ms since 1970. */
export const updatedMs = signal(0)
export const unreachable = signal(false)
export const autoRefresh = (): boolean => parameter('refresh') !== 'off'

function entryOf(asked: Query<unknown>): Entry {
  const found = entries.get(asked.path)
  if (found !== undefined) return found
  const entry: Entry = { answer: signal(unanswered), asked, users: 0, asking: false, again: false }
  entries.set(asked.path, entry)
  return entry
}

function hold(asked: Query<unknown>): () => void {
  const entry = entryOf(asked)
  // What comes back on the screen shows what it was, and is asked again at once.
  entry.asked = asked
  if (entry.users === 0 || isDue(entry)) void ask(asked.path, entry)
  entry.users += 1
  return () => {
    entry.users -= 1
    for (const [path, { users }] of entries) if (entries.size > keptEntries && users === 0) entries.delete(path)
  }
}

const isDue = (entry: Entry): boolean => Date.now() - entry.answer.peek().atMs >= restMs(entry)

function restMs({ answer, asked }: Entry): number {
  const { body, failure, atMs } = answer.peek()
  if (failure !== null) return failure.status === 0 ? unreachableEveryMs : Math.max(asked.everyMs, defaultEveryMs)
  return atMs > 0 && asked.isFinal?.(body) === true ? Infinity : asked.everyMs
}

async function ask(path: string, entry: Entry, anew = false): Promise<void> {
  if (entry.asking) {
    entry.again ||= anew
    return
  }
  entry.asking = true
  const outcome = await send(path)
  entry.asking = false
  if (outcome.failure === null) updatedMs.value = Date.now()
  unreachable.value = outcome.failure?.status === 0
  // What was there stays on the screen when asking again fails.
  const body = outcome.failure === null ? outcome.body : entry.answer.peek().body
  entry.answer.value = { body, failure: outcome.failure, atMs: Date.now() }
  if (!entry.again) return
  entry.again = false
  await ask(path, entry)
}

export interface Outcome {
  readonly body: unknown
  readonly failure: Failure | null
}

/** Every request of the dashboard. Without a session there is nothing to show but the page that asks for the token. */
export async function send(path: string, method: 'GET' | 'POST' | 'DELETE' = 'GET', body?: object): Promise<Outcome> {
  try {
    const init = body === undefined ? {} : { body: JSON.stringify(body) }
    const headers: HeadersInit = method === 'GET' ? {} : { 'content-type': 'application/json' }
    // A connection that died in a laptop's sleep would be waited for for ever, and its tile with it.
    const patience = method === 'GET' ? { signal: AbortSignal.timeout(longestAnswerMs) } : {}
    const response = await fetch(path, { method, headers, ...init, ...patience })
    if (response.status === 401) askForToken()
    const answer = jsonOf(await response.text())
    if (response.ok && answer !== undefined) return { body: answer, failure: null }
    return { body: null, failure: { status: response.status, message: messageIn(answer, response.status) } }
  } catch {
    return { body: null, failure: { status: 0, message: 'Serve cannot be reached. Is it running?' } }
  }
}

/** null = an empty answer; undefined = not JSON: a proxy's page, say. */
function jsonOf(text: string): unknown {
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const reloadedKey = 'metis-reloaded-ms'

/** The page in the dashboard's place asks for it. Once: where something in between says 401, loading anew would never end. */
function askForToken(): void {
  if (Date.now() - Number(sessionStorage.getItem(reloadedKey)) < longestAnswerMs) return
  sessionStorage.setItem(reloadedKey, String(Date.now()))
  location.reload()
}

function messageIn(answer: unknown, status: number): string {
  const error = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'error') : null
  const message: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'message') : null
  return typeof message === 'string' ? message : `Serve answered ${status} and did not say why.`
}

/** Everything on the screen, now. */
export function refreshAll(): void {
  for (const [path, entry] of entries) if (entry.users > 0) void ask(path, entry)
}

/** Looks once a second for what is due; rests while the page is hidden. */
export function startRefreshing(): void {
  const refreshDue = () => {
    if (document.hidden || !autoRefresh()) return
    for (const [path, entry] of entries) if (entry.users > 0 && isDue(entry)) void ask(path, entry)
  }
  setInterval(refreshDue, 1000)
  document.addEventListener('visibilitychange', refreshDue)
}

type Queries = Readonly<Record<string, Query<unknown>>>
type AnswerOf<Asked> = Asked extends Query<infer Answer> ? Answer : never

export interface Answers<Asked extends Queries> {
  /** null until all are there; the ones before while others are asked, and none of them once that failed. */
  readonly all: { readonly [Name in keyof Asked]: AnswerOf<Asked[Name]> } | null
  readonly failure: Failure | null
  /** `all` answers an earlier question. */
  readonly stale: boolean
  retry(): void
}

export function useAnswers<Asked extends Queries>(asked: Asked): Answers<Asked> {
  const list = Object.values(asked)
  const last = useRef<Answers<Asked>['all']>(null)
  useEffect(() => {
    const releases = list.map(hold)
    return () => {
      for (const release of releases) release()
    }
  }, [list.map(({ path }) => path).join('\n')])
  const states = list.map((one) => entryOf(one).answer.value)
  const isWhole = states.every(({ body }) => body !== undefined)
  const failure = states.find((state) => state.failure !== null)?.failure ?? null
  if (isWhole)
    last.current = Object.fromEntries(Object.keys(asked).map((name, at) => [name, states[at]?.body])) as Answers<Asked>['all']
  // Under another question's window and filters they would be wrong numbers.
  if (states.some(({ body, failure: fault }) => body === undefined && fault !== null)) last.current = null
  const retry = () => {
    for (const one of list) void ask(one.path, entryOf(one), true)
  }
  return { all: last.current, failure, stale: !isWhole, retry }
}
