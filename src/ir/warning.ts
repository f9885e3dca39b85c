// What a translation could not carry over.

/** A field that was dropped or changed; goes to the trace and, its names only, to `x-metis-warnings`. */
export interface Warning {
  readonly field: string
  readonly action: 'dropped' | 'changed'
  readonly reason: string
}
