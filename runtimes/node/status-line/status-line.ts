// Claude Code's status line: what it tells of its session in, one line of what that costs out. Never fails: a line that is blank or
// an error helps nobody.
import { existsSync } from 'node:fs'
import { readFigures, type Figures, type ReadRows } from '../../../src/analytics/status-line/figures.ts'
import { printFigures } from '../../../src/analytics/status-line/print-figures.ts'
import { toldSession, type ToldSession } from '../../../src/analytics/status-line/told-session.ts'
import { parseToken } from '../../../src/lib/token.ts'
import { workTreeOf } from '../git-work-tree.ts'
import { pathsOf } from '../paths.ts'
import { loadSqliteDriver } from '../sqlite-driver.ts'
import { keyOwner } from './key-owner.ts'

export interface StatusLineAsked {
  /** What came on stdin. */
  readonly told: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Over METIS_DB, over `metis.db` in the home. */
  readonly db?: string | undefined
  readonly now: Date
}

/** A lock on the file is held for milliseconds. */
const BUSY_MS = 100

export async function statusLine(asked: StatusLineAsked): Promise<string> {
  const told = toldSession(parsed(asked.told))
  const tree = workTreeOf(told.folder ?? asked.cwd)
  const read = await figuresOf(asked, told, tree)
  return printFigures({
    ...read,
    estimateUsd: told.costUsd,
    branch: tree?.branch ?? null,
    colour: (asked.env['NO_COLOR'] ?? '') === '',
  })
}

interface Read {
  readonly figures: Figures | null
  readonly problem: string | null
}

async function figuresOf(asked: StatusLineAsked, told: ToldSession, tree: ReturnType<typeof workTreeOf>): Promise<Read> {
  try {
    const { database } = pathsOf({ db: asked.db }, asked.env)
    if (database.kind !== 'sqlite') return { figures: null, problem: 'metis: see the dashboard (Postgres)' }
    if (!existsSync(database.path)) return { figures: null, problem: 'metis: no ledger yet' }
    const driver = await loadSqliteDriver()
    const connection = driver.connect(database.path, { readonly: true })
    try {
      connection.exec(`pragma busy_timeout = ${BUSY_MS}`)
      const midnight = new Date(asked.now)
      midnight.setHours(0, 0, 0, 0)
      const read: ReadRows = (sql, parameters) => connection.prepare(sql).all(parameters)
      const figures = await readFigures(read, {
        sessionId: told.id,
        ...(await keyOwner(read, keyIdIn(asked.env), told.id)),
        project: tree?.project ?? null,
        branch: tree?.branch ?? null,
        nowUs: asked.now.getTime() * 1000,
        todayUs: midnight.getTime() * 1000,
      })
      return { figures, problem: null }
    } finally {
      connection.close()
    }
  } catch {
    return { figures: null, problem: 'metis: the ledger cannot be read, see metis-gateway doctor' }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Claude Code hands its own environment on; of a token only the key's id is read. */
function keyIdIn(env: StatusLineAsked['env']): string | null {
  const beside = /^\s*x-metis-key:\s*(\S+)/im.exec(env['ANTHROPIC_CUSTOM_HEADERS'] ?? '')?.[1]
  const tokens = [beside, env['ANTHROPIC_AUTH_TOKEN'], env['ANTHROPIC_API_KEY']]
  return tokens.map((token) => parseToken(token ?? '')?.keyId).find((id) => id !== undefined) ?? null
}
