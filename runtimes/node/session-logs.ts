// The session logs of clients on this machine, read line by line: where they are, and every line of every one, oldest first.
import { createReadStream } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ImportedCall, LogReader } from '../../src/store/imports/imported-call.ts'

export interface FoundLogs {
  readonly files: readonly string[]
  /** Folders that could not be looked into. */
  readonly unreadable: readonly string[]
}

/** Logs in and below folders, or a log itself; none for a path that is not there. Links are followed, each file counts once. */
export async function findLogs(paths: readonly string[], prefix = ''): Promise<FoundLogs> {
  const files: string[] = []
  const unreadable: string[] = []
  const seen = new Set<string>()
  const look = async (path: string, isLog: boolean): Promise<void> => {
    const at = await stat(path).catch(() => null)
    const real = await realpath(path).catch(() => null)
    if (at === null || real === null || seen.has(real)) return
    seen.add(real)
    if (at.isFile() && isLog) files.push(path)
    if (!at.isDirectory()) return
    const names = await readdir(path).catch(() => null)
    if (names === null) unreadable.push(path)
    for (const name of names ?? []) await look(join(path, name), name.endsWith('.jsonl') && name.startsWith(prefix))
  }
  for (const path of paths) await look(path, true)
  // Names and folders begin with a date, or say nothing: within one file the order is that of time.
  return { files: files.toSorted((a, b) => basename(a).localeCompare(basename(b))), unreadable }
}

export interface ReadLogs {
  readonly calls: readonly ImportedCall[]
  /** Logs that could not be read, or not to their end. One that was cleared away meanwhile is none of them. */
  readonly unreadable: readonly string[]
}

export async function readLogs(
  files: readonly string[],
  reader: LogReader,
  onProgress: (files: number) => void,
): Promise<ReadLogs> {
  const unreadable: string[] = []
  for (const [index, file] of files.entries()) {
    reader.open()
    try {
      for await (const line of linesOf(file)) reader.read(line)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) unreadable.push(file)
    }
    onProgress(index + 1)
  }
  return { calls: reader.calls(), unreadable }
}

/** A line beyond this is no log's: it is passed over, and never in memory whole. */
const longestLineBytes = 64 * 1024 * 1024
const newline = 0x0a

async function* linesOf(file: string): AsyncGenerator<string> {
  let parts: Buffer[] = []
  let bytes = 0
  const take = (end: Buffer): string | null => {
    const line = bytes + end.length <= longestLineBytes ? Buffer.concat([...parts, end]).toString('utf8') : null
    parts = []
    bytes = 0
    return line
  }
  const chunks: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: 1024 * 1024 })
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const line = take(chunk.subarray(start, end))
      start = end + 1
      if (line !== null) yield line
    }
    const rest = chunk.subarray(start)
    bytes += rest.length
    if (bytes <= longestLineBytes) parts.push(rest)
    else parts = []
  }
  const last = take(Buffer.alloc(0))
  if (last !== null && last !== '') yield last
}
