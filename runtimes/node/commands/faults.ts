// The two ways in which a command ends badly. Both print one line: what is wrong and what mends it.

/** The command was called wrongly: exit 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** The command was called well and could not do it: exit 1. */
export class CommandError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'CommandError'
  }
}

/** Any fault as one line, with its mend where it carries one (a StoreError does). */
export function lineOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const mend = error instanceof Error && 'mend' in error && typeof error.mend === 'string' ? `: ${error.mend}` : ''
  return `${message}${mend}`.replaceAll(/\s*\n\s*/g, '; ')
}

/** What mends a configuration without any provider. */
export function addProvider(configPath: string): string {
  return `set ANTHROPIC_API_KEY or OPENAI_API_KEY where the gateway starts, or name a provider in ${configPath}`
}
