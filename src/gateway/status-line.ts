// `POST /statusline`: what Claude Code tells of its session in, one line of what that costs out, of the figures of the key's owner. A
// few small reads and nothing kept: it is asked after each message, beside answers that wait for nobody.
import { CompiledQuery } from 'kysely'
import { readFigures, type Owner, type ReadRows } from '../analytics/status-line/figures.ts'
import { printFigures } from '../analytics/status-line/print-figures.ts'
import { toldSession } from '../analytics/status-line/told-session.ts'
import { parseJsonBytes } from '../ir/json-body.ts'
import type { Principal } from '../ir/principal.ts'
import { DAY_US } from '../lib/calendar.ts'
import type { Services } from '../services.ts'
import type { Storage } from '../store/storage.ts'
import { createApiVersioning } from './api-version.ts'
import type { Authenticate } from './authenticate.ts'
import { requireJson } from './door.ts'
import { issuerKeyId } from './jwt-identities.ts'

export interface StatusLineParts {
  readonly services: Services
  readonly authenticate: Authenticate
  readonly refuse: (request: Request, thrown: unknown) => Response
}

/** Ten times what Claude Code tells. */
const BODY_LIMIT_BYTES = 65_536
/** As in attribution.ts: longer names are on record cut. */
const TEXT_LIMIT = 200

export function createStatusLine({ services, authenticate, refuse }: StatusLineParts): (request: Request) => Promise<Response> {
  const versioned = createApiVersioning(services.clock)
  const read = readerOf(services.storage)
  // A user may come with a key now and with an issuer's token then.
  const otherKeys = services.config.issuers.map(issuerKeyId)
  return (request) =>
    versioned(request, async () => {
      try {
        return services.respond(200, textHeaders, `${await lineFor(request)}\n`)
      } catch (thrown) {
        return refuse(request, thrown)
      }
    })

  function ownerOf({ userId, keyId }: Principal): Owner {
    return userId === null ? { kind: 'key', id: keyId ?? '' } : { kind: 'user', id: userId, otherKeys }
  }

  async function lineFor(request: Request): Promise<string> {
    const { headers } = request
    const principal = await authenticate(request)
    requireJson(headers)
    const told = toldSession(parseJsonBytes(await services.readBody(request, BODY_LIMIT_BYTES)))
    const branch = nameIn(headers.get('x-metis-branch'))
    const nowUs = services.clock.nowUs()
    const figures = await readFigures(read, {
      sessionId: told.id,
      owner: ownerOf(principal),
      caps: principal.caps,
      project: nameIn(headers.get('x-metis-project')),
      branch,
      nowUs,
      todayUs: midnightUs(nowUs, headers.get('x-metis-utc-offset')),
    })
    const colour = !headers.has('x-metis-no-color')
    return printFigures({ figures, estimateUsd: told.costUsd, branch, problem: null, colour })
  }
}

const textHeaders = {
  'content-type': 'text/plain; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

function readerOf(storage: Pick<Storage, 'dialect' | 'read'>): ReadRows {
  return (sql, parameters) => {
    let number = 0
    const text = storage.dialect === 'postgres' ? sql.replaceAll('?', () => `$${(number += 1)}`) : sql
    return storage.read(CompiledQuery.raw(text, [...parameters]))
  }
}

/** A header arrives as one character a byte on some runtimes, as text on others; a shell sends UTF-8. */
function nameIn(header: string | null): string | null {
  if (header === null || header === '') return null
  const codes = Array.from(header, (character) => character.codePointAt(0) ?? 0)
  if (codes.some((code) => code > 0xff)) return header.slice(0, TEXT_LIMIT)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(codes)).slice(0, TEXT_LIMIT)
  } catch {
    return header.slice(0, TEXT_LIMIT)
  }
}

/** @param offset as `date +%z` prints it; without one, or with none that there is, the day is UTC's */
function midnightUs(nowUs: number, offset: string | null): number {
  const [, sign, hours, minutes] = /^([+-])([01]\d)([0-5]\d)$/.exec(offset ?? '') ?? []
  const minutesEast = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * (sign === '-' ? -1 : 1)
  const eastUs = minutesEast * 60_000_000
  return Math.floor((nowUs + eastUs) / DAY_US) * DAY_US - eastUs
}
