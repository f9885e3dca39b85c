// Who this process is, and whether another one still runs: what tells a dead gateway's turns from a live one's.
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { ProcessFacts } from '../../src/store/instances.ts'

export function processFacts(): ProcessFacts {
  return { host: hostname(), pid: process.pid, processStart: processStartOf(process.pid), isProcessAlive }
}

function isProcessAlive(pid: number, processStart: string): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it is there, and someone else's.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  const start = processStartOf(pid)
  return processStart === '' || start === '' || start === processStart
}

/** Boot and ticks since boot, on Linux; '' where the system does not tell. */
function processStartOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // Field 22; the command in field 2 may hold blanks and parentheses, so counting starts behind its last one.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8)}:${ticks}`
  } catch {
    return ''
  }
}
