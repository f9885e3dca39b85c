// Who this process is, and whether another one still runs: what tells a dead gateway's turns from a live one's.
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import type { ProcessFacts } from '../../src/store/instances.ts'

export function processFacts(): ProcessFacts {
  return { host: hostOf(), pid: process.pid, processStart: processStartOf(process.pid), isProcessAlive }
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

/**
 * Where a pid means a process: machines may have one name between them, and containers one name and a pid 1 each. Elsewhere than
 * on Linux the name has to do.
 */
function hostOf(): string {
  const machine = readIfThere(() => readFileSync('/etc/machine-id', 'latin1').slice(0, 8))
  const pids = readIfThere(() => readlinkSync('/proc/self/ns/pid'))
  return [hostname(), machine, pids === outermostPids ? '' : pids].filter((part) => part !== '').join(' ')
}

/** The number of the first namespace is the same on every Linux. */
const outermostPids = 'pid:[4026531836]'

function readIfThere(read: () => string): string {
  try {
    return read().trim()
  } catch {
    return ''
  }
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
