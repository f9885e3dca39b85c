// What is wrong with a query, and with which parameter: serve answers 400 `invalid_<param>` (contract.md §6).

export class InvalidParameter extends Error {
  readonly param: string

  constructor(param: string, message: string) {
    super(message)
    this.name = 'InvalidParameter'
    this.param = param
  }
}
