// `run -- CMD…`: a client as a child process, pointed at the gateway for this once, with project and branch of the git work tree.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { basename, join } from 'node:path'
import process from 'node:process'
import { claudeCode } from '../clients/claude-code.ts'
import { workTreeOf } from '../git-work-tree.ts'
import { answersAsMetis } from './checks/ports.ts'
import { gatewayUrl, givenToken, requireOwnGateway, tokenFlag, urlFlag } from './client-access.ts'
import { environmentFor, familyOf, overridesFor, type Attributed } from './client-environment.ts'
import { defineCommand } from './command.ts'
import { CommandError, UsageError } from './faults.ts'
import { configFlag, dbFlag, text, toggle } from './flags.ts'
import type { Io } from './io.ts'

export const runClient = defineCommand({
  name: 'run',
  summary: 'run a client through the gateway, for this once, on record by project and branch',
  args: '-- CMD…',
  flags: {
    url: urlFlag,
    token: tokenFlag('the token to use (METIS_GATEWAY_KEY); absent = a key of this project, issued when there is none'),
    subscription: toggle('Claude Code only: it keeps its own login, which its calls are billed to; the gateway records them'),
    user: text('USER', 'the user that a key issued here counts for'),
    team: text('TEAM', 'the team that a key issued here counts for'),
    db: dbFlag,
    config: configFlag,
  },
  examples: [
    'metis-gateway run -- claude',
    'metis-gateway run -- codex exec "fix the tests"',
    'metis-gateway run -- python agent.py',
  ],
  async run({ flags, args: [command, ...argv], io }) {
    if (command === undefined) throw new UsageError('run needs a command behind --, such as: run -- claude')
    const family = familyOf(command)
    if (flags.subscription && family !== 'claude-code') throw new UsageError('--subscription is for claude alone')
    const url = gatewayUrl(flags.url)
    const given = givenToken(flags.token) ?? io.env['METIS_GATEWAY_KEY'] ?? null
    if (given === null) requireOwnGateway(url)
    if (!(await answersAsMetis(`${url}/healthz`)))
      throw new CommandError(`no gateway answers at ${url}: start one with metis-gateway, or name another with --url`)
    const tree = workTreeOf(io.cwd)
    const workspace = tree?.root ?? io.cwd
    const project = tree?.project ?? basename(io.cwd)
    const { ownToken } = await import('./own-token.ts')
    const token =
      given ??
      (await ownToken(io, flags, {
        name: `run in ${project}`,
        workspace,
        userId: flags.user ?? null,
        teamId: flags.team ?? null,
      }))
    if (family === 'claude-code') warnOfSettings(io, url)
    const attributed: Attributed = { url, token, project, branch: tree?.branch ?? null, ownLogin: flags.subscription }
    return runChild(io, command, [...overridesFor(family, attributed), ...argv], environmentFor(family, attributed, io.env))
  },
})

/** Variables in its settings win over those of its environment. */
function warnOfSettings(io: Io, url: string): void {
  const path = join(claudeCode.folder(io.env), claudeCode.fileName)
  const named = baseUrlIn(path)
  if (named !== null && named.replace(/\/+$/, '') !== url)
    io.err(`${path} sends Claude Code to ${named}, whatever run says: take ANTHROPIC_BASE_URL out of it`)
}

function baseUrlIn(path: string): string | null {
  try {
    return claudeCode.baseUrlIn(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

/** Ctrl-C reaches the child by itself; what is sent to this process alone is passed on. */
async function runChild(io: Io, command: string, argv: readonly string[], env: Io['env']): Promise<number> {
  const child = spawn(command, [...argv], { cwd: io.cwd, env, stdio: 'inherit' })
  const ignore = (): void => undefined
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal)
  process.on('SIGINT', ignore)
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, passOn)
  try {
    const [code, signal]: unknown[] = await once(child, 'exit')
    if (typeof code === 'number') return code
    return 128 + (Object.entries(constants.signals).find(([name]) => name === signal)?.[1] ?? 0)
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new CommandError(
      missing ? `there is no program ${command} to run` : `${command} cannot be run: ${String(error)}`,
      error,
    )
  } finally {
    process.off('SIGINT', ignore)
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.off(signal, passOn)
  }
}
