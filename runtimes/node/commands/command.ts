// A command: its flags, its help and its work, in one declaration. The parser is Node's own, strict: an unknown flag is a
// fault that names itself.
import { parseArgs } from 'node:util'
import { UsageError } from './faults.ts'
import type { Flags, ValuesOf } from './flags.ts'
import type { Io } from './io.ts'

export interface CommandSpec<F extends Flags> {
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  /** Positional arguments as --help shows them: `ID`, `[CLIENT]`; `…` at the end = any number. */
  readonly args?: string
  readonly flags: F
  /** Whole command lines. */
  readonly examples: readonly [string, ...string[]]
  /** Resolves with the exit code. */
  run(input: { readonly flags: ValuesOf<F>; readonly args: readonly string[]; readonly io: Io }): Promise<number>
}

export interface Command extends Omit<CommandSpec<Flags>, 'run'> {
  /** @throws UsageError for arguments that cannot be meant, CommandError for work that failed */
  execute(argv: readonly string[], io: Io): Promise<number>
}

export function defineCommand<const F extends Flags>(spec: CommandSpec<F>): Command {
  return {
    ...spec,
    async execute(argv, io) {
      const { values, positionals } = parse(argv, spec.flags)
      const most = spec.args === undefined ? 0 : spec.args.endsWith('…') ? Infinity : spec.args.split(' ').length
      const extra = positionals[most]
      if (extra !== undefined) throw new UsageError(`${spec.name} does not know what to do with "${extra.slice(0, 80)}"`)
      return spec.run({ flags: values, args: positionals, io })
    },
  }
}

function parse<F extends Flags>(argv: readonly string[], flags: F): { values: ValuesOf<F>; positionals: readonly string[] } {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [
      name,
      { type: flag.placeholder === null ? ('boolean' as const) : ('string' as const), multiple: true },
    ]),
  )
  const { values, positionals } = strictly(() => parseArgs({ args: [...argv], options, allowPositionals: true }))
  const read = Object.entries(flags).map(([name, flag]) => [name, flag.read([values[name] ?? []].flat().map(String), name)])
  return { values: Object.fromEntries(read) as ValuesOf<F>, positionals }
}

/** The parser's own words, on one line. */
function strictly<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    const first = error instanceof Error ? error.message.split('\n')[0] : undefined
    throw new UsageError((first ?? 'the arguments cannot be read').replace(/\. To specify.*$/, ''))
  }
}
