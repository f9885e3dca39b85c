// A store that cannot be used as it is: told in one line to whoever started the program, never to a client.

/** `message` names the file and the fault, `mend` what the user can do about it. */
export class StoreError extends Error {
  readonly mend: string

  constructor(message: string, mend: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'StoreError'
    this.mend = mend
  }
}
