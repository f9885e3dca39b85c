// Claude Code's status line: what it tells of its session in, one line of what that costs out. Never fails: a line that is blank or
// an error helps nobody.
import { existsSync } from 'node:fs'
import { parseToken } from '../../../src/lib/token.ts'
import { workTreeOf } from '../git-work-tree.ts'
import { pathsOf } from '../paths.ts'
import { loadSqliteDriver } from '../sqlite-driver.ts'
import { readFigures, type Figures } from './figures.ts'
import { printFigures } from './print-figures.ts'
import { toldSession, type ToldSession } from './told-session.ts'

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
  const told = toldSession(asked.told)
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
      const figures = readFigures(connection, {
        sessionId: told.id,
        keyId: keyIdIn(asked.env),
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

/** Claude Code hands its own environment on; of a token only the key's id is read. */
function keyIdIn(env: StatusLineAsked['env']): string | null {
  const tokens = [env['ANTHROPIC_AUTH_TOKEN'], env['ANTHROPIC_API_KEY']]
  return tokens.map((token) => parseToken(token ?? '')?.keyId).find((id) => id !== undefined) ?? null
}
