// Statements compiled once and filled per turn: building a query costs more than running it, so none is built on a
// request's path.
import { sql } from 'kysely'
import type { CompiledQuery, RawBuilder } from 'kysely'

/** Where a field of `Input` goes in the statement; it carries the type of its column. May be named more than once. */
export type SlotOf<Input> = <Name extends keyof Input & string>(name: Name) => RawBuilder<Input[Name]>

class Slot {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** The statement that `build` describes, as a function that only puts the parameters in their places. */
export function createTemplate<Input extends object, Row = unknown>(
  build: (slot: SlotOf<Input>) => CompiledQuery<Row>,
): (input: Input) => CompiledQuery<Row> {
  const { sql: text, query, queryId, parameters } = build((name) => sql`${new Slot(name)}`)
  const fillers = parameters.map((parameter): ((input: Input) => unknown) => {
    if (!(parameter instanceof Slot)) return () => parameter
    const { name } = parameter
    return (input) => Reflect.get(input, name)
  })
  return (input) => ({ sql: text, query, queryId, parameters: fillers.map((fill) => fill(input)) })
}
