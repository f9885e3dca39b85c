// From argument vector to exit code: finds the command, prints its help or its fault. 0 fine, 1 failed, 2 wrong use.
import { version } from '../version.ts'
import { lineOf, UsageError } from './faults.ts'
import { helpOf, programHelp } from './help.ts'
import type { Command } from './command.ts'
import { commands } from './index.ts'
import type { Io } from './io.ts'

const program = 'metis-gateway'

export async function runCommand(argv: readonly string[], io: Io): Promise<number> {
  // `metis gateway X` is `metis-gateway X`.
  const words = argv[0] === 'gateway' ? argv.slice(1) : argv
  const [first = ''] = words
  const named = first !== '' && !first.startsWith('-')
  const name = named ? nameIn(words) : 'start'
  const rest = named ? words.slice(name.split(' ').length) : words
  try {
    if (name === 'help' || (!named && asksForHelp(rest))) {
      io.out(helpFor(rest))
      return 0
    }
    if (!named && (first === '--version' || first === '-v')) {
      io.out(version)
      return 0
    }
    if (named && asksForHelp(rest) && (hasCommand(name) || groupOf(name).length > 0)) {
      io.out(helpFor([name]))
      return 0
    }
    const command = commands.find((candidate) => candidate.name === name)
    if (command === undefined) throw noCommand(name, rest[0])
    return await command.execute(rest, io)
  } catch (error) {
    const usage = error instanceof UsageError
    const topic = named && hasCommand(name) ? `${name} ` : ''
    io.err(`${program}: ${lineOf(error)}${usage ? `; see ${program} ${topic}--help` : ''}`)
    return usage ? 2 : 1
  }
}

/** A command's name is one word or two: `user add`. */
function nameIn([first = '', second = '']: readonly string[]): string {
  const both = `${first} ${second}`
  return hasCommand(both) ? both : first
}

const hasCommand = (name: string): boolean => commands.some((command) => command.name === name)

/** `user add`, `user list`, … of `user`. */
const groupOf = (name: string): readonly Command[] => commands.filter((command) => command.name.startsWith(`${name} `))

function helpFor(topic: readonly string[]): string {
  const name = hasCommand(topic.join(' ')) ? topic.join(' ') : (topic[0] ?? '')
  const command = commands.find((candidate) => candidate.name === name)
  if (command !== undefined) return helpOf(program, command)
  const group = groupOf(name)
  return programHelp(program, version, group.length > 0 ? group : commands)
}

function noCommand(name: string, second: string | undefined): UsageError {
  const group = groupOf(name).map((command) => `\`${command.name}\``)
  if (group.length === 0) return new UsageError(`there is no command "${name.slice(0, 80)}"`)
  const given = second === undefined ? `${name} needs one word more` : `there is no "${name} ${second.slice(0, 80)}"`
  return new UsageError(`${given}: ${group.join(', ')}`)
}

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return (end === -1 ? argv : argv.slice(0, end)).some((argument) => argument === '--help' || argument === '-h')
}
