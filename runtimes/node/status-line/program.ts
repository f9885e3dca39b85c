// What Claude Code is told to run for its status line: the script where there is a shell for it, the Node program elsewhere, both
// beside the bundled commands; run from source, there is neither.
import { existsSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { pathsOf } from '../paths.ts'

export interface ProgramPlace {
  readonly env: Readonly<Record<string, string | undefined>>
  /** As `--db` says it. */
  readonly db: string | undefined
}

/** A line for a shell. Claude Code may be started where METIS_HOME and METIS_DB are not set, so they are said in it. */
export function statusLineProgram({ env, db }: ProgramPlace): string {
  const { database, home } = pathsOf({ db }, env)
  // A server's URL holds a password, and no file to read.
  const file = (db || env['METIS_DB'] || env['METIS_HOME']) && database.kind === 'sqlite' ? ['--db', database.path] : []
  const [script, program] = [pathOf('statusline.sh'), pathOf('statusline.cjs')]
  if (!existsSync(program)) return line(['metis-gateway', 'statusline', ...file])
  if (process.platform === 'win32') return line([process.execPath, program, ...file])
  return line([script, '--node', process.execPath, ...(env['METIS_HOME'] ? ['--home', home] : []), ...file])
}

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const line = (words: readonly string[]): string => words.map(quoted).join(' ')
const quoted = (word: string): string => (/^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)
