// What a check of `doctor` says: one line, and for everything that is not fine the line that mends it.

export interface Finding {
  readonly check: 'config' | 'providers' | 'database' | 'keys' | 'ports' | 'clock' | 'cursor'
  /** Only a fault makes doctor fail; a warning is worth a look. */
  readonly level: 'ok' | 'warning' | 'fault'
  readonly message: string
  readonly mend?: string
}
