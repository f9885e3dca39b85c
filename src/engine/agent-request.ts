// A conversation of the agent surface as a request of the engine: made of our own words, so every provider gets it rendered.
import type { LanguageModelRequest, Message } from '../ir/request.ts'
import { estimateTokens } from '../lib/tokens.ts'

export interface Said {
  readonly role: 'user' | 'assistant'
  readonly text: string
}

export interface Conversation {
  readonly system: string | null
  readonly said: readonly Said[]
  /** For this turn; '' = routing decides. */
  readonly model: string
  readonly maxOutputTokens?: number
}

const noBytes = new Uint8Array(0)

export function agentRequestOf({ system, said, model, maxOutputTokens }: Conversation): LanguageModelRequest {
  const messages: readonly Message[] = said.map(({ role, text }, index) => ({
    role,
    parts: [{ type: 'text', text }],
    path: `messages[${index}]`,
  }))
  const characters = said.reduce((sum, { text }) => sum + text.length, system?.length ?? 0)
  const limit = maxOutputTokens === undefined ? {} : { maxOutputTokens }
  return {
    // A shape there must be; `mixed` has even its own providers get the request rendered: there are no bytes to splice.
    shape: 'openai',
    mixed: true,
    model,
    stream: true,
    includeUsage: true,
    source: { bytes: noBytes, headers: new Headers() },
    traits: {
      hasTools: false,
      hasImages: false,
      wantsStructuredOutput: false,
      estimatedInputTokens: estimateTokens(characters),
      ...limit,
    },
    content: () => ({
      system: system === null ? [] : [{ type: 'text', text: system }],
      messages,
      tools: [],
      stop: [],
      unmapped: {},
      ...limit,
    }),
  }
}
