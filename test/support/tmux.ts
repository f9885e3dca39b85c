// A real terminal for what is typed into one: tmux, on a socket of its own. Where it is missing the tests are skipped, and say so.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { eventually } from './deadline.ts'

function hasTmux(): boolean {
  try {
    execFileSync('tmux', ['-V'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export const tmuxIsHere = hasTmux()
/** For the names of tests that are skipped. */
export const withoutTmux = tmuxIsHere ? '' : ' (skipped: no tmux on this machine)'

export interface Screen {
  /** Text, then Enter. */
  type(text: string): void
  /** As tmux names them: `C-c`, `C-d`, `Enter`. */
  press(key: string): void
  /** What is on the screen, and what scrolled off it. */
  text(): string
  shows(pattern: RegExp, ms?: number): Promise<void>
  close(): void
}

/** Runs a shell command in a terminal of 120 × 50; when it ends, the screen says `ended with CODE`. */
export function openScreen(folder: string, command: string, env: Readonly<Record<string, string>>): Screen {
  const socket = join(folder, 'tmux.sock')
  const tmux = (...argv: readonly string[]) =>
    execFileSync('tmux', ['-S', socket, ...argv], { encoding: 'utf8', env: { ...env } })
  tmux('-f', '/dev/null', 'new-session', '-d', '-x', '120', '-y', '50', '-c', folder, `${command}; echo "ended with $?"; cat`)
  const text = () => tmux('capture-pane', '-p', '-J', '-S', '-')
  return {
    type(given) {
      tmux('send-keys', '-l', given)
      tmux('send-keys', 'Enter')
    },
    press: (key) => void tmux('send-keys', key),
    text,
    async shows(pattern, ms = 15_000) {
      await eventually(ms, `${String(pattern)} on the screen`, () => pattern.test(text())).catch((error: unknown) => {
        throw new Error(`${String(error)}; it shows:\n${text()}`)
      })
    },
    close() {
      try {
        tmux('kill-server')
      } catch {
        // It ended with its last window.
      }
    },
  }
}
