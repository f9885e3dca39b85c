// Reads `routing.yaml`: of a workspace from its `.metis` folder, the global one from the home. What stands in it is judged by
// src/routing; here only whether it is there, whether it changed, and whether it is YAML.
import { readFile, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import type { PolicyText, ReadPolicy } from '../../src/routing/policy/book.ts'
import { readYaml } from './yaml.ts'

/** A policy is some lines a person wrote. */
const FILE_LIMIT_BYTES = 1_048_576

export function createReadPolicy(home: string): ReadPolicy {
  return async (workspace, known) => {
    if (workspace !== null && !isAbsolute(workspace)) return { kind: 'absent' }
    const path = workspace === null ? join(home, 'routing.yaml') : join(workspace, '.metis', 'routing.yaml')
    let version = 'unreadable'
    try {
      const { mtimeMs, size, ino } = await stat(path)
      version = `${mtimeMs}-${size}-${ino}`
      if (version === known) return { kind: 'unchanged' }
      if (size > FILE_LIMIT_BYTES) return broken(path, version, `is larger than ${FILE_LIMIT_BYTES} bytes`)
      return { kind: 'read', path, version, ...readYaml(await readFile(path, 'utf8')) }
    } catch (error) {
      if (isAbsent(error)) return { kind: 'absent' }
      if (version === known) return { kind: 'unchanged' }
      return broken(path, version, `cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

function broken(path: string, version: string, message: string): PolicyText {
  const start = { line: 1, column: 1 }
  return { kind: 'read', path, version, content: null, faults: [{ ...start, message }], placeOf: () => start }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
