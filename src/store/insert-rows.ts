// Many rows by one statement, as one parameter of JSON: D1 takes a hundred parameters a statement, and counts statements.
import { sql } from 'kysely'
import type { CompiledQuery, RawBuilder } from 'kysely'
import type { Database } from './schema.ts'
import type { Storage } from './storage.ts'
import { names } from './turn-statements.ts'

export interface RowsInto<Table extends keyof Database> {
  readonly table: Table
  readonly columns: readonly (keyof Database[Table] & string)[]
  /** What must hold for any of them to be written. */
  readonly where: RawBuilder<unknown>
}

/** D1 takes a parameter of 2 MB; a character may be three bytes. */
const charactersPerStatement = 500_000

/** Of values that JSON holds as they are: text, null, integers below 2^53. */
export function insertRows<Table extends keyof Database>(
  { db, dialect }: Pick<Storage, 'db' | 'dialect'>,
  { table, columns, where }: RowsInto<Table>,
  rows: readonly Database[Table][],
  rowsPerStatement: number,
): readonly CompiledQuery[] {
  const into = sql.table(table)
  const insertOf = (json: string): CompiledQuery => {
    const given =
      dialect === 'postgres'
        ? sql`${names(columns)} from json_populate_recordset(null::${into}, cast(${json} as json))`
        : sql`${sql.join(columns.map((column) => sql`json_extract(value, ${sql.lit(`$.${column}`)})`))} from json_each(${json})`
    return sql`insert into ${into} (${names(columns)}) select ${given} where ${where}`.compile(db)
  }
  return textsOf(rows, rowsPerStatement).map(insertOf)
}

function textsOf(rows: readonly unknown[], most: number): readonly string[] {
  const texts: string[] = []
  let [together, characters]: [string[], number] = [[], 0]
  const end = (): void => {
    if (together.length > 0) texts.push(`[${together.join(',')}]`)
    ;[together, characters] = [[], 0]
  }
  for (const row of rows) {
    const text = JSON.stringify(row)
    if (together.length === most || characters + text.length > charactersPerStatement) end()
    together.push(text)
    characters += text.length
  }
  end()
  return texts
}
