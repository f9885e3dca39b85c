// `--help`: of one command, and of the program.
import type { Command } from './command.ts'

export function helpOf(program: string, command: Command): string {
  const flags = Object.entries(command.flags).map(
    ([name, flag]) => [`--${name}${flag.placeholder === null ? '' : ` ${flag.placeholder}`}`, flag.help] as const,
  )
  return [
    command.summary,
    '',
    `Usage: ${[program, command.name, ...(command.args === undefined ? [] : [command.args])].join(' ')}${flags.length > 0 ? ' [flags]' : ''}`,
    ...(flags.length > 0 ? ['', 'Flags:', ...columns(flags)] : []),
    '',
    command.examples.length > 1 ? 'Examples:' : 'Example:',
    ...command.examples.map((example) => `  ${example}`),
  ].join('\n')
}

export function programHelp(program: string, version: string, commands: readonly Command[]): string {
  return [
    `${program} ${version}: a gateway between AI tools and model providers`,
    '',
    `Usage: ${program} [command] [flags]    without a command: start`,
    '',
    'Commands:',
    ...columns(commands.map((command) => [command.name, command.summary] as const)),
    '',
    `\`${program} COMMAND --help\` shows a command's flags and an example.`,
  ].join('\n')
}

/** Two columns, aligned. */
export function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd())
}
