// A terminal for commands that run inside a test: what they print, and the answers they are given.
import { Readable } from 'node:stream'
import type { Io } from '../../runtimes/node/commands/io.ts'

export interface FakeIo extends Io {
  readonly stdout: string[]
  readonly stderr: string[]
  readonly questions: string[]
}

export interface FakeIoOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Somebody is at the terminal and answers every question so. */
  readonly answer?: boolean
}

export function fakeIo({ env = {}, cwd = '/work', answer }: FakeIoOptions = {}): FakeIo {
  const io: FakeIo = {
    stdout: [],
    stderr: [],
    questions: [],
    out: (line) => void io.stdout.push(line),
    err: (line) => void io.stderr.push(line),
    interactive: answer !== undefined,
    confirm: (question) => {
      io.questions.push(question)
      return Promise.resolve(answer === true)
    },
    write: (text) => void io.stdout.push(text),
    stdin: Readable.from([]),
    env,
    cwd,
  }
  return io
}
