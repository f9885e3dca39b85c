// A small file, written whole or not at all, whatever comes between: beside it first, then in its place.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import process from 'node:process'

/** @param mode of the file; 0600 keeps a token to its owner */
export function writeWhole(path: string, bytes: Uint8Array, mode = 0o600): void {
  const part = `${path}.${process.pid}.part`
  // A part that a killed process of the same id left is nobody's.
  rmSync(part, { force: true })
  const file = openSync(part, 'wx', mode)
  try {
    for (let at = 0; at < bytes.byteLength;) at += writeSync(file, bytes, at)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(part, path)
}
