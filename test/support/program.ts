// The built program as a child process: what users run, with their signals, streams and exit codes.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { eventually, within } from './deadline.ts'
import { runtimeBinary } from './runtime.ts'

const script = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
if (!existsSync(script)) throw new Error('dist/cli.js is not there: npm run build')

export interface Program {
  readonly pid: number
  /** What it has printed so far. */
  stdout(): string
  stderr(): string
  /** The match, once stdout has it. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
  signal(name: NodeJS.Signals): void
  /** Exit code; -1 when a signal ended it. */
  readonly ended: Promise<number>
}

export interface ProgramOptions {
  readonly home: string
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Only what a user's shell always has: no provider key of the developer's machine reaches a test. */
export function environment({ home, env = {} }: ProgramOptions): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: home, NO_COLOR: '1', ...env }
}

export function temporaryHome(): string {
  return mkdtempSync(join(tmpdir(), 'metis-test-'))
}

export function startProgram(argv: readonly string[], options: ProgramOptions): Program {
  return startProcess(runtimeBinary, [script, ...argv], options)
}

/** Any other program, watched in the same way. */
export function startProcess(command: string, argv: readonly string[], options: ProgramOptions): Program {
  const child = spawn(command, argv, {
    cwd: options.cwd ?? options.home,
    env: environment(options),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8')
    child[name].on('data', (chunk: string) => {
      text[name] += chunk
    })
  }
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? -1))
  })
  return {
    pid: child.pid ?? -1,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    printed: (pattern) =>
      eventually(15_000, `${String(pattern)} from ${argv.join(' ')}; it said: ${text.stdout}${text.stderr}`, () => {
        return pattern.exec(text.stdout) ?? undefined
      }),
    signal: (name) => void child.kill(name),
    ended,
  }
}

/** Runs to the end. */
export async function runProgram(
  argv: readonly string[],
  options: ProgramOptions,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const program = startProgram(argv, options)
  const code = await within(15_000, `the end of ${argv.join(' ')}`, program.ended)
  return { code, stdout: program.stdout(), stderr: program.stderr() }
}
