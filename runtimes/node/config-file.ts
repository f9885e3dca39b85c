// Finds and reads the configuration file: `--config`, or `config.yaml` in the home. What stands in it is judged by
// src/config; here only whether it is YAML.
import { readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { LineCounter, parseDocument } from 'yaml'
import { ConfigError } from '../../src/config/errors.ts'

export interface ReadConfigFile {
  /** null = there is none. */
  readonly path: string | null
  readonly content: unknown
  readonly warnings: readonly string[]
}

/** @throws ConfigError when a named file is missing, or a file is not YAML: with line and column */
export function readConfigFile(options: { readonly home: string; readonly path?: string }): ReadConfigFile {
  const path = options.path === undefined ? join(options.home, 'config.yaml') : resolve(options.path)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (options.path === undefined) return { path: null, content: null, warnings: [] }
    throw new ConfigError([{ path, message: `cannot be read: ${error instanceof Error ? error.message : String(error)}` }])
  }
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: true })
  const [fault] = document.errors
  if (fault !== undefined) throw new ConfigError([{ path, message: fault.message }])
  const mode = statSync(path).mode & 0o077
  const warnings = mode === 0 ? [] : [`${path} can be read by others; it may hold provider keys: chmod 600 ${path}`]
  return { path, content: document.toJS(), warnings }
}
