// `import claude-code` and `import codex`: reads a client's session logs into the trace, so that there is history on day one.
import { resolve } from 'node:path'
import { usdOf } from '../../../src/lib/money.ts'
import type { LogReader } from '../../../src/store/imports/imported-call.ts'
import type { Imported } from '../../../src/store/imports/write.ts'
import { defineCommand, type Command } from './command.ts'
import { CommandError } from './faults.ts'
import { configFlag, dbFlag, jsonFlag, text, toggle } from './flags.ts'
import type { Io } from './io.ts'
import { withNode } from './open.ts'
import { progressOf } from './progress.ts'

interface Source {
  readonly client: 'claude-code' | 'codex'
  readonly title: string
  readonly place: string
  folders(env: Io['env']): Promise<readonly string[]>
  readonly prefix: string
  reader(): Promise<LogReader>
}

const sources: readonly Source[] = [
  {
    client: 'claude-code',
    title: 'Claude Code',
    place: '~/.claude/projects',
    folders: async (env) => (await import('../session-folders.ts')).claudeCodeFolders(env),
    prefix: '',
    reader: async () => (await import('../../../src/store/imports/claude-code.ts')).createClaudeCodeReader(),
  },
  {
    client: 'codex',
    title: 'Codex',
    place: '~/.codex/sessions',
    folders: async (env) => (await import('../session-folders.ts')).codexFolders(env),
    prefix: 'rollout-',
    reader: async () => (await import('../../../src/store/imports/codex.ts')).createCodexReader(),
  },
]

export const importCommands: readonly Command[] = sources.map((source) =>
  defineCommand({
    name: `import ${source.client}`,
    summary: `read ${source.title}'s session logs into the trace; again changes nothing`,
    args: '[PATH]',
    flags: {
      user: text('USER', 'the user that the calls count for'),
      team: text('TEAM', 'the team that the calls count for'),
      'dry-run': toggle('only say what would be read'),
      db: dbFlag,
      config: configFlag,
      json: jsonFlag,
    },
    examples: [`metis-gateway import ${source.client} --dry-run`, `metis-gateway import ${source.client} --user ada`],
    async run({ flags, args: [path], io }) {
      const { findLogs, readLogs } = await import('../session-logs.ts')
      const folders = path === undefined ? await source.folders(io.env) : [resolve(io.cwd, path)]
      const { files, unreadable: closed } = await findLogs(folders, source.prefix)
      if (files.length + closed.length === 0)
        throw new CommandError(`there are no session logs in ${folders.join(' or ')}: give their PATH (usually ${source.place})`)
      return withNode(io, flags, {}, async ({ storage, queue, prices, clock, identities }) => {
        const { user, team } = flags
        if (user !== undefined && (await identities.findUser(user)) === null)
          throw new CommandError(`there is no user "${user.slice(0, 80)}": metis-gateway user add makes one`)
        if (team !== undefined && (await identities.findTeam(team)) === null)
          throw new CommandError(`there is no team "${team.slice(0, 80)}": metis-gateway team add makes one`)
        const { writeImported } = await import('../../../src/store/imports/write.ts')
        const readProgress = progressOf(io, (done) => `${done} of ${files.length} logs so far`)
        const { calls, unreadable: cut } = await readLogs(files, await source.reader(), readProgress)
        const options = { userId: user ?? null, teamId: team ?? null, dryRun: flags['dry-run'] }
        const writeProgress = progressOf(io, (done) => `${done} of ${calls.length} calls so far`)
        const imported = await writeImported({ storage, queue, prices, clock }, calls, options, writeProgress)
        const unreadable = [...closed, ...cut]
        if (flags.json) io.out(JSON.stringify({ files: files.length, ...jsonOf(imported), unreadable, dry_run: options.dryRun }))
        else for (const line of linesOf(files.length, imported, options.dryRun)) io.out(line)
        if (unreadable.length === 0) return 0
        io.err(`${shown(unreadable)} could not be read: check the owner and mode, then import again`)
        return 1
      })
    },
  }),
)

const shown = ([first, second, third, ...more]: readonly string[]): string =>
  [first, second, third, more.length === 0 ? undefined : `${more.length} more`].filter((text) => text !== undefined).join(', ')

const ratioOf = ({ wireOutputTokens, loggedOutputTokens }: Imported): number | null =>
  loggedOutputTokens === 0 ? null : Math.round((wireOutputTokens / loggedOutputTokens) * 100) / 100

const jsonOf = (imported: Imported) => ({
  calls: imported.calls,
  written: imported.written,
  known: imported.known,
  on_wire: imported.onWire,
  misdated: imported.misdated,
  unpriced: imported.unpriced,
  cost_usd: usdOf(imported.costNanoUsd),
  wire_output_tokens: imported.wireOutputTokens,
  logged_output_tokens: imported.loggedOutputTokens,
  undercount: ratioOf(imported),
})

function linesOf(files: number, imported: Imported, dryRun: boolean): readonly string[] {
  const { calls, written, known, onWire, misdated, unpriced, costNanoUsd, comparedCalls, wireOutputTokens, loggedOutputTokens } =
    imported
  const priced = `$${usdOf(costNanoUsd).toFixed(2)} at list price${unpriced === 0 ? '' : `, ${unpriced} unpriced`}`
  const lines = [
    `${calls} calls in ${files} logs: ${written} ${dryRun ? 'would be imported' : 'imported'} (${priced}), ${known} were there, ${onWire} are on record from the wire`,
  ]
  if (misdated > 0) lines.push(`${misdated} are left out: their time is before 1970 or has not come yet`)
  const ratio = ratioOf(imported)
  if (ratio === null) return lines
  const verdict =
    ratio > 1.05
      ? `these logs undercount output ${ratio.toFixed(1)} ×`
      : ratio < 0.95
        ? `these logs overcount output ${(1 / ratio).toFixed(1)} ×`
        : 'these logs count output as the wire does'
  return [
    ...lines,
    `${verdict}: ${loggedOutputTokens} tokens in them, ${wireOutputTokens} on the wire, of the same ${comparedCalls} calls`,
  ]
}
