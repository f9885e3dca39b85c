// What rules look at. Whatever costs something to find out is found out when the first rule asks, and once.
import type { RequestContent } from '../../ir/request.ts'
import type { Spend } from '../../store/spend.ts'
import type { RouteRequest } from '../route-request.ts'

export interface Facts {
  readonly request: RouteRequest
  readonly nowUs: number
  /** null = no rule asks for money. */
  readonly spend: Spend | null
  /** Of the last message that the user wrote, cut; '' when there is none, or it cannot be read. */
  text(): string
  lowerText(): string
  hasToolCallsInHistory(): boolean
}

/** What an expression is run on (reliability.md §3). */
const TEXT_LIMIT = 65_536

export function factsOf(request: RouteRequest, nowUs: number, spend: Spend | null): Facts {
  const content = once(() => contentOf(request))
  const text = once(() => lastUserText(content()))
  return {
    request,
    nowUs,
    spend,
    text,
    lowerText: once(() => text().toLowerCase()),
    hasToolCallsInHistory: once(
      () => content()?.messages.some(({ parts }) => parts.some(({ type }) => type === 'toolCall')) ?? false,
    ),
  }
}

function once<Value>(find: () => Value): () => Value {
  let found: { readonly value: Value } | null = null
  return () => (found ??= { value: find() }).value
}

/** A body that the provider may understand and we do not is no reason to fail: rules that look inside then do not hold. */
function contentOf(request: RouteRequest): RequestContent | null {
  try {
    return request.content()
  } catch {
    return null
  }
}

function lastUserText(content: RequestContent | null): string {
  const spoken = content?.messages.findLast(({ role, parts }) => role === 'user' && parts.some(({ type }) => type === 'text'))
  let text = ''
  for (const part of spoken?.parts ?? []) if (part.type === 'text') text += text === '' ? part.text : `\n${part.text}`
  return text.slice(0, TEXT_LIMIT)
}

export interface LastMessage {
  /** '' when there is none, or it cannot be read. */
  readonly text: string
  /** The user speaks last, and no tool beside. */
  readonly isQuestion: boolean
  readonly hasHistory: boolean
}

export function lastMessageOf(request: RouteRequest): LastMessage {
  const content = contentOf(request)
  const messages = content?.messages ?? []
  const last = messages.at(-1)
  const isQuestion = last?.role === 'user' && last.parts.every(({ type }) => type !== 'toolResult')
  return { text: lastUserText(content), isQuestion, hasHistory: messages.some(({ role }) => role === 'assistant') }
}
