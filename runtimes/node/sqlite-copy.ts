// A database's file as a whole: copied while others write to it, and put in the place of another one.
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import type { SqliteConnection } from './sqlite-connection.ts'

/** One moment of the database, whatever is written meanwhile. The file is there whole or not at all, and only its owner reads it. */
export function copyInto(connection: SqliteConnection, file: string): void {
  renameSync(copyBeside(connection, file), file)
}

/** The same, under a name of its own beside `file`: two copies to one place never write into each other. */
export function copyBeside(connection: SqliteConnection, file: string): string {
  const part = `${file}.${randomBytes(4).toString('hex')}.part`
  closeSync(openSync(part, 'wx', 0o600))
  try {
    connection.prepare('vacuum into ?').run([part])
    flushFile(part)
    return part
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
}

function flushFile(file: string): void {
  const descriptor = openSync(file, 'r+')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
