// Only the owner may read the trace and the configuration: folder 0700, files 0600 (reliability.md §6).
import { chmod, stat } from 'node:fs/promises'
import process from 'node:process'
import type { NodePaths } from '../../paths.ts'
import type { Finding } from './finding.ts'

export interface Guarded {
  readonly check: Finding['check']
  readonly path: string
  readonly mode: 0o600 | 0o700
}

/** The database and what SQLite keeps beside it, the configuration, and our folder around them. */
export function guardedPaths({ home, database, configPath }: NodePaths): readonly Guarded[] {
  const files = database.kind === 'sqlite' ? ['', '-wal', '-shm'].map((suffix) => database.path + suffix) : []
  return [
    { check: 'database', path: home, mode: 0o700 },
    ...files.map((path) => ({ check: 'database', path, mode: 0o600 }) as const),
    { check: 'config', path: configPath, mode: 0o600 },
  ]
}

/** Nothing for a path that is not there, or on a system without modes. `fix` mends what it finds. */
export async function checkMode({ check, path, mode }: Guarded, fix: boolean): Promise<Finding | null> {
  const found = await stat(path).catch(() => null)
  if (found === null || process.platform === 'win32') return null
  const open = found.mode & 0o077
  if (open === 0) return null
  const has = (found.mode & 0o777).toString(8).padStart(4, '0')
  const wants = mode.toString(8).padStart(4, '0')
  if (!fix)
    return {
      check,
      level: 'fault',
      message: `${path} can be read by others (mode ${has})`,
      mend: `metis-gateway doctor --fix, or chmod ${wants.slice(1)} ${path}`,
    }
  await chmod(path, mode)
  return { check, level: 'ok', message: `${path}: mode ${has} was changed to ${wants}` }
}
