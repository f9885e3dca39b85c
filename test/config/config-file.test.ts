import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfigFile } from '../../runtimes/node/config-file.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'metis-config-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

function write(text: string, mode = 0o600): string {
  const path = join(home, 'config.yaml')
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

describe('the configuration file', () => {
  it('may be absent', () => {
    expect(readConfigFile({ home })).toEqual({ path: null, content: null, warnings: [] })
  })

  it('is config.yaml in the home', () => {
    const path = write('providers:\n  ollama: {}\n')
    expect(readConfigFile({ home })).toEqual({ path, content: { providers: { ollama: {} } }, warnings: [] })
  })

  it('may be empty', () => {
    write('# nothing yet\n')
    expect(readConfigFile({ home }).content).toBeNull()
  })

  it('must be there when it is named', () => {
    expect(() => readConfigFile({ home, path: join(home, 'other.yaml') })).toThrow(/other\.yaml: cannot be read: ENOENT/)
  })

  it('is never ignored because it cannot be read', () => {
    mkdirSync(join(home, 'config.yaml'))
    expect(() => readConfigFile({ home })).toThrow(/cannot be read/)
  })

  it('tells line and column of a fault, and nothing of the line: it may hold a key', () => {
    write('providers:\n  groq: { api_key: gsk_SECRET, headers: {\n')
    let message = ''
    try {
      readConfigFile({ home })
    } catch (error) {
      message = String(error)
    }
    expect(message).toMatch(/config\.yaml: line \d+, column \d+: /)
    expect(message).not.toContain('gsk_SECRET')
  })

  it('refuses a key that stands twice', () => {
    write('providers: {}\nproviders: {}\n')
    expect(() => readConfigFile({ home })).toThrow(/line 2, column 1: .*unique/)
  })

  it('refuses aliases that would blow up', () => {
    const row = (name: string, of: string) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${of}`).join(', ')}]\n`
    write(`a: &a [x, x]\n${row('b', 'a')}${row('c', 'b')}${row('d', 'c')}`)
    expect(() => readConfigFile({ home })).toThrow(/alias/i)
  })

  it('is warned of when others can read it', () => {
    const path = write('{}', 0o644)
    expect(readConfigFile({ home }).warnings).toEqual([
      `${path} can be read by others, and may hold provider keys: chmod 600 ${path}`,
    ])
  })
})
