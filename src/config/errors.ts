// Faults of the configuration: each names its place in the file and what is allowed there. They stop a start, never a request.

export interface ConfigIssue {
  /** Path in the file: `providers.openai.base_url`. An environment variable's name for what stands there. */
  readonly path: string
  /** What is wrong and what mends it; never the value of a key. */
  readonly message: string
}

/** What is there and not used, and what mends it: no reason not to start. */
export interface ConfigWarning {
  readonly message: string
  readonly mend: string
}

export class ConfigError extends Error {
  readonly issues: readonly ConfigIssue[]

  constructor(issues: readonly ConfigIssue[]) {
    super(issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('\n'))
    this.name = 'ConfigError'
    this.issues = issues
  }
}
