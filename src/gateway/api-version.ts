// Metis-API-Version (contract.md §6, docs/api-versioning.md): every path of our own names the version it was served as, and
// refuses only what can no longer be served. /v1/* belongs to the vendors and never comes here.
import type { Clock } from '../services.ts'

export interface ApiVersion {
  /** `major.minor`. */
  readonly version: string
  readonly deprecated?: boolean
  /** First moment at which it is refused, ISO 8601. */
  readonly sunset?: string
}

/** Oldest first; the last one is current. A version that leaves the list is below the minimum. */
export const apiVersions: readonly [ApiVersion, ...ApiVersion[]] = [{ version: '1.0' }]

/** Answers with `handler`, unless the version asked for is gone or the method is OPTIONS. */
export type Versioned = (request: Request, handler: () => Response | Promise<Response>) => Promise<Response>

export function createApiVersioning(
  clock: Pick<Clock, 'nowUs'>,
  versions: readonly [ApiVersion, ...ApiVersion[]] = apiVersions,
): Versioned {
  return async (request, handler) => {
    const nowMs = clock.nowUs() / 1000
    const verdict = judge(request.headers.get('metis-api-version'), versions, nowMs)
    const headers = versionHeaders(verdict.served, versions, nowMs)
    if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers })
    if (verdict.refusal !== null) return unsupported(verdict.refusal, headers)
    const answer = await handler()
    // Always from fresh Headers: those of an answer may be immutable.
    const merged = new Headers(answer.headers)
    for (const [name, value] of Object.entries(headers)) merged.set(name, value)
    return new Response(answer.body, { status: answer.status, headers: merged })
  }
}

/** Versions still served, oldest first. */
export function supportedVersions(versions: readonly ApiVersion[], nowMs: number): readonly string[] {
  return versions.filter((entry) => !isPast(entry, nowMs)).map((entry) => entry.version)
}

interface Refusal {
  readonly requested: string
  readonly min_supported: string
  readonly current: string
  readonly reason: 'below_minimum' | 'sunset'
}

interface Verdict {
  readonly served: ApiVersion
  readonly refusal: Refusal | null
}

/** Absent, malformed and unheard-of versions get the current one; the answer's header says so. */
function judge(asked: string | null, versions: readonly [ApiVersion, ...ApiVersion[]], nowMs: number): Verdict {
  const current = versions.at(-1) ?? versions[0]
  const requested = asked?.trim() ?? ''
  const rank = rankOf(requested)
  if (rank === null) return { served: current, refusal: null }
  const found = versions.find((entry) => rankOf(entry.version) === rank)
  const reason = found === undefined ? belowMinimum(rank, versions) : isPast(found, nowMs) ? 'sunset' : null
  if (reason === null) return { served: found ?? current, refusal: null }
  const [minimum = current.version] = supportedVersions(versions, nowMs)
  return { served: current, refusal: { requested, min_supported: minimum, current: current.version, reason } }
}

function belowMinimum(rank: number, versions: readonly [ApiVersion, ...ApiVersion[]]): 'below_minimum' | null {
  return rank < (rankOf(versions[0].version) ?? 0) ? 'below_minimum' : null
}

/** A number that orders versions; null = not a version. */
function rankOf(version: string): number | null {
  const parts = /^(\d{1,4})\.(\d{1,4})$/.exec(version)
  return parts === null ? null : Number(parts[1]) * 10_000 + Number(parts[2])
}

const isPast = (entry: ApiVersion, nowMs: number): boolean => entry.sunset !== undefined && nowMs >= Date.parse(entry.sunset)

function versionHeaders(served: ApiVersion, versions: readonly ApiVersion[], nowMs: number): Record<string, string> {
  return {
    'metis-api-version': served.version,
    'metis-api-versions-supported': supportedVersions(versions, nowMs).join(', '),
    ...(served.deprecated === true ? { deprecation: 'true' } : {}),
    ...(served.sunset === undefined ? {} : { sunset: new Date(served.sunset).toUTCString() }),
  }
}

function unsupported(refusal: Refusal, headers: Readonly<Record<string, string>>): Response {
  const message = `Version ${refusal.requested} of this API is no longer served; ask for ${refusal.current}, or for none.`
  return new Response(JSON.stringify({ error: { code: 'version_unsupported', message, ...refusal } }), {
    status: 410,
    headers: { ...headers, 'content-type': 'application/json', 'x-content-type-options': 'nosniff' },
  })
}
