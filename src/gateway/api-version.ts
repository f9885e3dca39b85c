// `Metis-API-Version` on every Metis-owned path (contract.md §6). `/v1/*` never reads or sends it: those belong to the vendors.

export interface ApiVersion {
  readonly version: string
  /** ISO date from which answers say so. */
  readonly deprecatedOn?: string
  /** ISO date from which it is refused. */
  readonly sunsetOn?: string
}

export interface ApiVersions {
  /** Oldest first; the last one is current. */
  readonly known: readonly ApiVersion[]
  readonly nowMs: () => number
}

const VERSION = /^(\d{1,4})\.(\d{1,4})$/
export const currentVersions: readonly ApiVersion[] = [{ version: '1.0' }]

export type Versioned = (request: Request, handle: () => Promise<Response>) => Promise<Response>

/** Wraps a handler: negotiates the version, answers OPTIONS, marks deprecation, refuses what is past its sunset. */
export function createApiVersioning(versions: ApiVersions = { known: currentVersions, nowMs: () => Date.now() }): Versioned {
  const { known, nowMs } = versions
  const current = known.at(-1) ?? { version: '1.0' }
  const oldest = known[0] ?? current
  const supported = () => known.filter((version) => !isPast(version.sunsetOn, nowMs())).map((version) => version.version)

  return async (request, handle) => {
    const asked = request.headers.get('metis-api-version')?.trim() ?? null
    const refusal = refusalOf(asked)
    if (refusal !== null) return refusal
    const served = known.find((version) => version.version === asked) ?? current
    const headers: Record<string, string> = {
      'metis-api-version': served.version,
      'metis-api-versions-supported': supported().join(', '),
    }
    if (isPast(served.deprecatedOn, nowMs())) {
      headers.deprecation = 'true'
      if (served.sunsetOn !== undefined) headers.sunset = new Date(served.sunsetOn).toUTCString()
    }
    if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers })
    return withHeaders(await handle(), headers)
  }

  function refusalOf(asked: string | null): Response | null {
    const requested = asked === null ? null : numbersOf(asked)
    if (asked === null || requested === null) return null
    const named = known.find((version) => version.version === asked)
    const reason = isBelow(requested, numbersOf(oldest.version))
      ? 'below_minimum'
      : isPast(named?.sunsetOn, nowMs())
        ? 'sunset'
        : null
    if (reason === null) return null
    const [minimum = current.version] = supported()
    const error = {
      code: 'version_unsupported',
      message: `Metis API version ${asked} is not supported; use ${minimum} to ${current.version}.`,
      requested: asked,
      min_supported: minimum,
      current: current.version,
      reason,
    }
    const headers = {
      'content-type': 'application/json',
      'metis-api-version': current.version,
      'metis-api-versions-supported': supported().join(', '),
    }
    return new Response(JSON.stringify({ error }), { status: 410, headers })
  }
}

function numbersOf(version: string): readonly [major: number, minor: number] | null {
  const match = VERSION.exec(version)
  return match === null ? null : [Number(match[1]), Number(match[2])]
}

function isBelow(version: readonly [number, number], minimum: readonly [number, number] | null): boolean {
  if (minimum === null) return false
  return version[0] < minimum[0] || (version[0] === minimum[0] && version[1] < minimum[1])
}

function isPast(date: string | undefined, nowMs: number): boolean {
  return date !== undefined && Date.parse(date) <= nowMs
}

/** A fresh Headers: those of some answers may not be changed. */
function withHeaders(response: Response, extra: Readonly<Record<string, string>>): Response {
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(extra)) headers.set(name, value)
  return new Response(response.body, { status: response.status, headers })
}
