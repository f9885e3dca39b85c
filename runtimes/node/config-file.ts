// Finds and reads the configuration file: `--config`, or `config.yaml` in the home. What stands in it is judged by
// src/config; here only whether it is YAML.
import { readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { ConfigError } from '../../src/config/errors.ts'

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
  // Not `prettyErrors`: they show the line, and a line may hold a key.
  const document = parseDocument(text, { prettyErrors: false })
  const faults = document.errors.map((fault) => ({ path, message: `${placeOf(text, fault.pos[0])}: ${fault.message}` }))
  if (faults.length > 0) throw new ConfigError(faults)
  try {
    return document.toJS()
  } catch (error) {
    throw new ConfigError([{ path, message: error instanceof Error ? error.message : String(error) }])
  }
}

function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n')
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}

/** Windows has no such modes, and reports all files as open to everybody. */
function modeWarnings(path: string): readonly string[] {
  if (process.platform === 'win32' || (statSync(path).mode & 0o077) === 0) return []
  return [`${path} can be read by others, and may hold provider keys: chmod 600 ${path}`]
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
