// What a client says of its work: `x-metis-*` headers, Claude Code's own, the user agent. Telemetry, never identity
// (contract.md §4); none of it goes upstream.
import type { Attribution } from '../ir/principal.ts'
import type { RequestTraits } from '../ir/request.ts'
import type { WorkOf } from '../services.ts'

/** Numbers of reliability.md §3. */
const TEXT_LIMIT = 200
const TAG_COUNT_LIMIT = 20
const TAG_LIMIT = 128

export function attributionOf(headers: Headers, traits: RequestTraits): Attribution {
  const hasClaudeSession = headers.has('x-claude-code-session-id') || traits.clientSessionId !== undefined
  const client = clientOf(headers.get('user-agent') ?? '', headers.get('x-app'), hasClaudeSession)
  return {
    project: text(headers.get('x-metis-project')),
    branch: text(headers.get('x-metis-branch')),
    clientSessionId: text(
      headers.get('x-metis-session') ??
        headers.get('x-claude-code-session-id') ??
        // The name is too common to be believed of others.
        (client === 'codex' ? headers.get('session-id') : null) ??
        traits.clientSessionId ??
        null,
    ),
    client,
    tags: tagsOf(headers.get('x-metis-tags')),
  }
}

/** Of a client that says nothing of its project itself: what its own log on this machine says, where the gateway may look there. */
export function workBehind(
  { project, branch, client, clientSessionId }: Attribution,
  workOf: WorkOf | undefined,
): ReturnType<WorkOf> {
  if (workOf === undefined || client !== 'claude-code' || clientSessionId === null) return null
  return project === null && branch === null ? workOf(clientSessionId) : null
}

/** User agent prefix → family. */
const families: readonly (readonly [prefix: string, family: string])[] = [
  ['codex', 'codex'],
  ['opencode/', 'opencode'],
  ['cursor', 'cursor'],
  ['anthropic/', 'anthropic-sdk'],
  ['openai/', 'openai-sdk'],
  ['ai/', 'vercel-ai-sdk'],
  ['langchain', 'langchain'],
  ['ls/', 'continue'],
  ['curl/', 'curl'],
]

function clientOf(userAgent: string, app: string | null, hasClaudeSession: boolean): string | null {
  const agent = userAgent.toLowerCase()
  // Qwen Code calls itself claude-cli too, but has no session of Claude Code's.
  if (hasClaudeSession && (agent.startsWith('claude-cli/') || (app === 'cli' && agent === ''))) return 'claude-code'
  const found = families.find(([prefix]) => agent.startsWith(prefix))
  if (found !== undefined) return found[1]
  const [product = ''] = agent.split(/[/ ]/, 1)
  return /^[a-z0-9_.-]{1,40}$/.test(product) ? product : null
}

function tagsOf(header: string | null): Record<string, string> {
  if (header === null) return {}
  const tags: [string, string][] = []
  for (const pair of header.split(',')) {
    const equals = pair.indexOf('=')
    if (equals <= 0) continue
    const key = pair.slice(0, equals).trim().slice(0, TAG_LIMIT)
    if (key !== '')
      tags.push([
        key,
        pair
          .slice(equals + 1)
          .trim()
          .slice(0, TAG_LIMIT),
      ])
    if (tags.length === TAG_COUNT_LIMIT) break
  }
  // fromEntries defines own properties: a tag called __proto__ stays data.
  return Object.fromEntries(tags)
}

function text(value: string | null): string | null {
  if (value === null || value === '') return null
  return value.slice(0, TEXT_LIMIT)
}
