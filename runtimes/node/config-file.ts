// Finds and reads the configuration file: `--config`, or `config.yaml` in the home. What stands in it is judged by
// src/config; here only whether it is YAML.
import { readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ConfigError } from '../../src/config/errors.ts'
import { readYaml } from './yaml.ts'

export interface ReadConfigFile {
  /** null = there is none. */
  readonly path: string | null
  readonly content: unknown
  readonly warnings: readonly string[]
}

/** @throws ConfigError when a named file is missing, when a file cannot be read, or is not YAML: with line and column */
export function readConfigFile(options: { readonly home: string; readonly path?: string }): ReadConfigFile {
  const path = options.path === undefined ? join(options.home, 'config.yaml') : resolve(options.path)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    // Only a file that is not there may be missing: one that may not be read would be ignored in silence.
    if (options.path === undefined && isAbsent(error)) return { path: null, content: null, warnings: [] }
    throw new ConfigError([{ path, message: `cannot be read: ${error instanceof Error ? error.message : String(error)}` }])
  }
  return { path, content: parseYaml(path, text), warnings: modeWarnings(path) }
}

function parseYaml(path: string, text: string): unknown {
  const { content, faults } = readYaml(text)
  if (faults.length === 0) return content
  throw new ConfigError(
    faults.map(({ line, column, message }) => ({ path, message: `line ${line}, column ${column}: ${message}` })),
  )
}

/** Windows has no such modes, and reports all files as open to everybody. */
function modeWarnings(path: string): readonly string[] {
  if (process.platform === 'win32' || (statSync(path).mode & 0o077) === 0) return []
  return [`${path} can be read by others, and may hold provider keys: chmod 600 ${path}`]
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
