// What a command may touch of the process: handed in, so that tests run commands without one.
import process from 'node:process'
import { createInterface } from 'node:readline/promises'
import type { Readable } from 'node:stream'

export interface Io {
  /** One line on stdout: what the user asked for. */
  out(line: string): void
  /** One line on stderr: what the user should know. */
  err(line: string): void
  /** Somebody reads stdout and can answer on stdin. */
  readonly interactive: boolean
  /** Yes or no, asked on stderr. Only when `interactive`. */
  confirm(question: string): Promise<boolean>
  /** Text on stdout without a line's end. */
  write(text: string): void
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

export function processIo(): Io {
  // `metis-gateway list-keys | head -1` closes the pipe early: that is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1)
  })
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    interactive: process.stdin.isTTY && process.stdout.isTTY,
    async confirm(question) {
      const terminal = createInterface({ input: process.stdin, output: process.stderr })
      try {
        return /^y(?:es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
      } finally {
        terminal.close()
      }
    },
    write: (text) => void process.stdout.write(text),
    stdin: process.stdin,
    env: process.env,
    cwd: process.cwd(),
  }
}
