// The status line as a program of its own (dist/statusline.cjs), without the commands: it starts after each message, and Node's own
// start is most of what it costs. That is why it reads and writes by descriptors: `process.stdin` and `stdout` load Node's streams.
import { fstatSync, readFileSync, writeSync } from 'node:fs'
import process from 'node:process'
import { statusLine } from './status-line.ts'

/** Nobody types JSON at a terminal, which would be waited for. */
function told(): string {
  try {
    return fstatSync(0).isCharacterDevice() ? '' : readFileSync(0, 'utf8')
  } catch {
    return ''
  }
}

/** `--db PATH` is all that can be said to it. */
const db = process.argv[2] === '--db' ? process.argv[3] : undefined

void statusLine({ told: told(), env: process.env, cwd: process.cwd(), db, now: new Date() }).then((line) => {
  writeSync(1, `${line}\n`)
})
