// `statusline`: Claude Code's status line, and the setting that has Claude Code show it.
import { statusLineProgram } from '../status-line/program.ts'
import { statusLine } from '../status-line/status-line.ts'
import { defineCommand } from './command.ts'
import { dbFlag, toggle } from './flags.ts'
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
      const command = statusLineProgram({ env: io.env, db: flags.db })
      io.out(JSON.stringify({ statusLine: { type: 'command', command, padding: 0 } }, null, 2))
      return 0
    }
    const told = io.stdin.isTTY === true ? '' : await textOf(io.stdin)
    io.out(await statusLine({ told, env: io.env, cwd: io.cwd, db: flags.db, now: new Date() }))
    return 0
  },
})
