// What a client says of its work, as it goes on record (contract.md §4, clients.md): names of clients, sessions, and the limits of
// what is stored (reliability.md §3).
import { describe, expect, it } from 'vitest'
import { attributionOf } from '../../src/gateway/attribution.ts'
import type { RequestTraits } from '../../src/ir/request.ts'

const traits: RequestTraits = { hasTools: false, hasImages: false, wantsStructuredOutput: false, estimatedInputTokens: 1 }
const attribute = (headers: Record<string, string>, more: Partial<RequestTraits> = {}) =>
  attributionOf(new Headers(headers), { ...traits, ...more })

const session = 'e1b9c3f0-0000-4000-8000-000000000000'

describe('the client', () => {
  it.each<[string, Record<string, string>, string | null]>([
    [
      'Claude Code',
      { 'user-agent': 'claude-cli/2.1.330 (external, sdk-cli)', 'x-claude-code-session-id': session },
      'claude-code',
    ],
    ['Qwen Code, which takes its name', { 'user-agent': 'claude-cli/0.24.4', 'x-app': 'cli' }, 'claude-cli'],
    ['Codex', { 'user-agent': 'codex_exec/0.169.0 (Linux)' }, 'codex'],
    ['opencode', { 'user-agent': 'opencode/1.18.33 ai-sdk/provider-utils/4.0' }, 'opencode'],
    ['the Anthropic SDK', { 'user-agent': 'Anthropic/JS 1.12.0' }, 'anthropic-sdk'],
    ['the OpenAI SDK', { 'user-agent': 'OpenAI/JS 6.49.0' }, 'openai-sdk'],
    ['the OpenAI SDK in Python', { 'user-agent': 'AsyncOpenAI/Python 2.1.0' }, 'asyncopenai'],
    ['the Vercel AI SDK', { 'user-agent': 'ai/6.0.326 ai-sdk/anthropic/3.0.140' }, 'vercel-ai-sdk'],
    ['LangChain', { 'user-agent': 'langchainjs-openai/1.6.0' }, 'langchain'],
    ['Continue', { 'user-agent': 'ls/JS 5.23.2' }, 'continue'],
    ['curl', { 'user-agent': 'curl/8.14.1' }, 'curl'],
    ['one that nobody knows', { 'user-agent': 'my-tool/1.0 (x)' }, 'my-tool'],
    ['one with a name that is none', { 'user-agent': '<script>/1.0' }, null],
    ['one with a name without an end', { 'user-agent': 'x'.repeat(300) }, null],
    ['one that says nothing', {}, null],
  ])('is known: %s', (_, headers, client) => {
    expect(attribute(headers).client).toBe(client)
  })

  it('is Claude Code too when only its body says so', () => {
    expect(attribute({ 'user-agent': 'claude-cli/1.0.98' }, { clientSessionId: session }).client).toBe('claude-code')
    expect(attribute({ 'x-app': 'cli' }, { clientSessionId: session }).client).toBe('claude-code')
  })
})

describe('the session', () => {
  it.each<[string, Record<string, string>, Partial<RequestTraits>, string | null]>([
    ['of our own header first', { 'x-metis-session': 'a', 'x-claude-code-session-id': 'b' }, { clientSessionId: 'c' }, 'a'],
    ["then of Claude Code's", { 'x-claude-code-session-id': 'b' }, { clientSessionId: 'c' }, 'b'],
    ['then of the body', {}, { clientSessionId: 'c' }, 'c'],
    ["of Codex's header", { 'user-agent': 'codex_exec/0.169.0', 'session-id': 'd' }, {}, 'd'],
    ['but of nobody else’s of that name', { 'user-agent': 'curl/8.14.1', 'session-id': 'd' }, {}, null],
    ['of none', {}, {}, null],
  ])('is that %s', (_, headers, more, expected) => {
    expect(attribute(headers, more).clientSessionId).toBe(expected)
  })
})

describe('what is stored', () => {
  it('is cut: texts at 200 characters, tags at 20 of 128', () => {
    const long = 'x'.repeat(300)
    const tags = Array.from({ length: 30 }, (_, index) => `${index}${long}=${long}`).join(',')
    const headers = { 'x-metis-project': long, 'x-metis-branch': long, 'x-metis-session': long, 'x-metis-tags': tags }
    const { project, branch, clientSessionId, tags: kept } = attribute(headers)
    for (const text of [project, branch, clientSessionId]) expect(text).toHaveLength(200)
    expect(Object.keys(kept)).toHaveLength(20)
    for (const [key, value] of Object.entries(kept)) expect([key.length, value.length]).toEqual([128, 128])
  })

  it.each<[string, Record<string, string>]>([
    ['k=v,a = b ,c=', { k: 'v', a: 'b', c: '' }],
    ['k=v=w', { k: 'v=w' }],
    ['=x,novalue,,k=v', { k: 'v' }],
    ['k=1,k=2', { k: '2' }],
    ['', {}],
  ])('of the tags %j is what can be read', (header, tags) => {
    expect(attribute({ 'x-metis-tags': header }).tags).toEqual(tags)
  })

  it('is data, whatever its name', () => {
    const { tags } = attribute({ 'x-metis-tags': '__proto__=polluted,constructor=x' })
    expect(Object.entries(tags)).toEqual([
      ['__proto__', 'polluted'],
      ['constructor', 'x'],
    ])
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })
})
