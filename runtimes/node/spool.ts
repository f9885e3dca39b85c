// Spools on Node: one file of lines per instance beside the database, there only while the store is away. Written on the main
// thread and never synced: the page cache outlives a killed process, and power loss takes the last second of the database too.
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { SpoolOf } from '../../src/store/spool.ts'

const chunkBytes = 256 * 1024
const newline = 0x0a

/** `spool-<instance>.jsonl`, mode 0600, in `folder`. */
export function createSpools(folder: string): SpoolOf {
  return (instanceId) => {
    const path = join(folder, `spool-${instanceId}.jsonl`)
    return {
      append: (lines) => append(path, lines.map((line) => `${line}\n`).join('')),
      read: () => linesOf(path),
      remove: () => remove(path),
    }
  }
}

/** Whose spools lie in `folder`. */
export function spooledIn(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => /^spool-(\w+)\.jsonl$/.exec(name)?.[1] ?? [])
}

function append(path: string, text: string): void {
  const file = openSync(path, 'a', 0o600)
  try {
    const { size } = fstatSync(file)
    try {
      writeFileSync(file, text)
    } catch (error) {
      // A full disk takes half a line.
      ftruncateSync(file, size)
      throw error
    }
  } finally {
    closeSync(file)
  }
}

function* linesOf(path: string): Generator<readonly string[]> {
  const file = openIfThere(path)
  if (file === null) return
  try {
    const chunk = Buffer.alloc(chunkBytes)
    let rest = Buffer.alloc(0)
    for (;;) {
      const size = readSync(file, chunk, 0, chunkBytes, null)
      const bytes = Buffer.concat([rest, chunk.subarray(0, size)])
      if (bytes.byteLength === 0) return
      // A last line without its end was cut by a crash: whoever reads it will say so.
      const end = size === 0 ? bytes.byteLength : bytes.lastIndexOf(newline) + 1
      rest = bytes.subarray(end)
      if (end > 0)
        yield bytes
          .toString('utf8', 0, end)
          .split('\n')
          .filter((line) => line !== '')
    }
  } finally {
    closeSync(file)
  }
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** A folder that became read-only keeps the file: empty, it says the same. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    truncateSync(path)
  }
}
