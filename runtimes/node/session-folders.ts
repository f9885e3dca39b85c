// Where clients keep the logs of their sessions on this machine.
import { homedir } from 'node:os'
import { join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/** Where Claude Code keeps them: the new place, then the old one. */
export function claudeCodeFolders(env: Environment): readonly string[] {
  const home = env['HOME'] ?? homedir()
  const own = env['CLAUDE_CONFIG_DIR']
  return (own ? own.split(',') : [join(home, '.config/claude'), join(home, '.claude')]).map((folder) => join(folder, 'projects'))
}

export function codexFolders(env: Environment): readonly string[] {
  const home = env['CODEX_HOME'] ?? join(env['HOME'] ?? homedir(), '.codex')
  return [join(home, 'sessions'), join(home, 'archived_sessions')]
}
