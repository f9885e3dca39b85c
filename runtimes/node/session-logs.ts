// The session logs of clients on this machine, read line by line: where they are, and every line of every one, oldest first.
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ImportedCall, LogReader } from '../../src/store/imports/imported-call.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Where Claude Code keeps them: the new place, then the old one. */
export function claudeCodeFolders(env: Environment): readonly string[] {
  const home = env['HOME'] ?? homedir()
  const own = env['CLAUDE_CONFIG_DIR']
  return (own ? own.split(',') : [join(home, '.config/claude'), join(home, '.claude')]).map((folder) => join(folder, 'projects'))
}

export function codexFolders(env: Environment): readonly string[] {
  return [join(env['CODEX_HOME'] ?? join(env['HOME'] ?? homedir(), '.codex'), 'sessions')]
}

/** Logs in and below folders, or a log itself; none for a path that is not there. */
export async function findLogs(paths: readonly string[], prefix = ''): Promise<readonly string[]> {
  const found: string[] = []
  for (const path of paths) {
    const at = await stat(path).catch(() => null)
    if (at?.isFile() === true) found.push(path)
    if (at?.isDirectory() !== true) continue
    const entries = await readdir(path, { recursive: true, withFileTypes: true })
    for (const entry of entries) {
      const isLog = entry.isFile() && entry.name.endsWith('.jsonl') && entry.name.startsWith(prefix)
      if (isLog) found.push(join(entry.parentPath ?? entry.path, entry.name))
    }
  }
  // Names and folders begin with a date, or say nothing: within one file the order is that of time.
  return found.toSorted((a, b) => basename(a).localeCompare(basename(b)))
}

export async function readLogs(
  files: readonly string[],
  reader: LogReader,
  onProgress: (files: number) => void,
): Promise<readonly ImportedCall[]> {
  for (const [index, file] of files.entries()) {
    reader.open()
    for await (const line of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) reader.read(line)
    onProgress(index + 1)
  }
  return reader.calls()
}
