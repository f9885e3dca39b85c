// A private folder and those above it, one by one: Node's own `recursive` goes round for ever where the system takes no folder
// at all, as under /proc.
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** @throws what the system said of the first folder that cannot be made */
export function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
  const parent = dirname(path)
  if (parent !== path) makeFolder(parent)
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process was quicker.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error
  }
}
