// Starting, pinning and weighing processes. Linux only: CPU and memory come from /proc.
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
const running = new Set()
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

export const has = (command) => {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const canPin = has('taskset')

/** The proxy under test has core 0 for itself; upstream and load share core 1. Without `taskset` nobody is pinned. */
export function start(command, args, { core, env = process.env, cwd } = {}) {
  const [file, argv] = canPin && core !== undefined ? ['taskset', ['-c', String(core), command, ...args]] : [command, args]
  const child = spawn(file, argv, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] })
  child.errors = ''
  child.stderr.on('data', (chunk) => (child.errors = (child.errors + chunk).slice(-4_000)))
  running.add(child)
  child.once('exit', () => running.delete(child))
  child.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return child
}

/** The next line of a child's stdout. */
export async function line(child) {
  const { value, done } = await child.lines.next()
  if (done) throw new Error(`${child.spawnargs.join(' ')} ended\n${child.errors}`)
  return value
}

export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 3_000)
  await gone
  clearTimeout(timer)
}

/** CPU seconds (user + system, reaped children included) and resident bytes of a process and its descendants. */
export function weigh(pid) {
  const all = new Map()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      // The command's name may hold spaces: fields are counted after its closing bracket.
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      all.set(Number(name), { parent: Number(fields[1]), ticks: fields.slice(11, 15).map(Number), pages: Number(fields[21]) })
    } catch {
      // Gone between the listing and the read.
    }
  }
  const tree = [pid]
  for (const id of tree) for (const [child, { parent }] of all) if (parent === id) tree.push(child)
  const members = tree.map((id) => all.get(id)).filter(Boolean)
  const ticks = members.flatMap((member) => member.ticks).reduce((sum, value) => sum + value, 0)
  const pages = members.reduce((sum, member) => sum + member.pages, 0)
  return { cpuS: ticks / ticksPerSecond, rssBytes: pages * 4_096 }
}
