// A database's file as a whole: copied while others write to it, and put in the place of another one.
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import type { SqliteConnection } from './sqlite-connection.ts'

/** One moment of the database, whatever is written meanwhile. The file is there whole or not at all, and only its owner reads it. */
export function copyInto(connection: SqliteConnection, file: string): void {
  const part = `${file}.part`
  rmSync(part, { force: true })
  closeSync(openSync(part, 'wx', 0o600))
  connection.prepare('vacuum into ?').run([part])
  flushFile(part)
  renameSync(part, file)
}

function flushFile(file: string): void {
  const descriptor = openSync(file, 'r+')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
