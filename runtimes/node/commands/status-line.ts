// `statusline`: Claude Code's status line, and the setting that has Claude Code show it.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { pathsOf } from '../paths.ts'
import { statusLine } from '../status-line/status-line.ts'
import { defineCommand } from './command.ts'
import { dbFlag, toggle } from './flags.ts'
import type { Io } from './io.ts'
import { textOf } from './text-of.ts'

export const statusLineCommand = defineCommand({
  name: 'statusline',
  summary: "Claude Code's status line: what session, day and branch cost, what is left of the budget",
  flags: {
    setting: toggle("print the setting for Claude Code's settings.json"),
    db: dbFlag,
  },
  examples: ['metis-gateway statusline --setting', `echo '{"session_id":"…"}' | metis-gateway statusline`],
  async run({ flags, io }) {
    if (flags.setting) {
      const command = statusLineProgram(flags.db === undefined ? databaseIn(io) : resolve(io.cwd, flags.db))
      io.out(JSON.stringify({ statusLine: { type: 'command', command, padding: 0 } }, null, 2))
      return 0
    }
    const told = io.stdin.isTTY === true ? '' : await textOf(io.stdin)
    io.out(await statusLine({ told, env: io.env, cwd: io.cwd, db: flags.db, now: new Date() }))
    return 0
  },
})

/** What a shell runs. Beside the bundled program stands one without the commands, which starts sooner; run from source, there is none. */
function statusLineProgram(db: string | undefined): string {
  const script = fileURLToPath(new URL('statusline.cjs', import.meta.url))
  const program = existsSync(script) ? `${quoted(process.execPath)} ${quoted(script)}` : 'metis-gateway statusline'
  return db === undefined ? program : `${program} --db ${quoted(db)}`
}

/** Claude Code may be started where these are not set. A server's URL holds a password, and no file for it to read. */
function databaseIn({ env }: Io): string | undefined {
  const { database } = pathsOf({}, env)
  return (env['METIS_DB'] || env['METIS_HOME']) && database.kind === 'sqlite' ? database.path : undefined
}

const quoted = (word: string): string => (/^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)
