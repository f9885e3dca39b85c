// Statements compiled once and filled per turn: building a query costs more than running it, so none is built on a
// request's path.
import { sql } from 'kysely'
import type { CompiledQuery, RawBuilder } from 'kysely'

/** Where a field of `Input` goes in the statement; it carries the type of its column. May be named more than once. */
export type SlotOf<Input> = <Name extends keyof Input & string>(name: Name) => RawBuilder<Input[Name]>

/** The statement that `build` describes, as a function that only puts the parameters in their places. */
export function createTemplate<Input extends Readonly<Record<keyof Input, unknown>>, Row = unknown>(
  build: (slot: SlotOf<Input>) => CompiledQuery<Row>,
): (input: Input) => CompiledQuery<Row> {
  const slots = new Map<unknown, keyof Input>()
  const slotOf: SlotOf<Input> = (name) => {
    const marker = { slot: name }
    slots.set(marker, name)
    return sql`${marker}`
  }
  const { sql: text, query, queryId, parameters } = build(slotOf)
  const names = parameters.map((parameter) => slots.get(parameter))
  return (input) => {
    const filled = names.map((name, place) => (name === undefined ? parameters[place] : input[name]))
    return { sql: text, query, queryId, parameters: filled }
  }
}
