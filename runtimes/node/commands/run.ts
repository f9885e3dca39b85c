// From argument vector to exit code: finds the command, prints its help or its fault. 0 fine, 1 failed, 2 wrong use.
import { version } from '../version.ts'
import { lineOf, UsageError } from './faults.ts'
import { helpOf, programHelp } from './help.ts'
import { commands } from './index.ts'
import type { Io } from './io.ts'

const program = 'metis-gateway'

export async function runCommand(argv: readonly string[], io: Io): Promise<number> {
  // `metis gateway X` is `metis-gateway X`.
  const [first = '', ...others] = argv[0] === 'gateway' ? argv.slice(1) : argv
  const named = first !== '' && !first.startsWith('-')
  const [name, rest] = named ? [first, others] : ['start', first === '' ? [] : [first, ...others]]
  try {
    if (name === 'help' || (!named && asksForHelp(rest))) {
      const topic = commands.find((command) => command.name === rest[0])
      io.out(topic === undefined ? programHelp(program, version, commands) : helpOf(program, topic))
      return 0
    }
    if (!named && (first === '--version' || first === '-v')) {
      io.out(version)
      return 0
    }
    const command = commands.find((candidate) => candidate.name === name)
    if (command === undefined) throw new UsageError(`there is no command "${name.slice(0, 80)}"`)
    if (asksForHelp(rest)) {
      io.out(helpOf(program, command))
      return 0
    }
    return await command.execute(rest, io)
  } catch (error) {
    const usage = error instanceof UsageError
    const topic = commands.some((command) => command.name === name) && named ? `${name} ` : ''
    io.err(`${program}: ${lineOf(error)}${usage ? `; see ${program} ${topic}--help` : ''}`)
    return usage ? 2 : 1
  }
}

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return (end === -1 ? argv : argv.slice(0, end)).some((argument) => argument === '--help' || argument === '-h')
}
