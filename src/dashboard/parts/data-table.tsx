// Every table of the dashboard: real rows and headers, sorting that is said aloud and kept in the URL, rows that open in
// place, the same rows as CSV.
import type { ComponentChildren, JSX } from 'preact'
import { csvOf, type CsvValue } from '../csv.ts'
import { listParameter, navigate, parameter, toggledInList } from '../state.ts'
import { DownIcon, ExpandIcon, UpIcon } from './icons.tsx'

export interface Column<Row> {
  readonly id: string
  readonly title: string
  /** Right-aligned, and sorted from the largest down first. */
  readonly number?: boolean
  readonly wide?: boolean
  /** Holds what can be done with the row. */
  readonly action?: boolean
  /** Absent: it stands in the CSV alone. */
  cell?(row: Row): ComponentChildren
  /** Sorts, and stands in the CSV; a column without one does neither. */
  value?(row: Row): CsvValue
  /** What the CSV calls it, where not by its id. */
  readonly head?: string
}

export interface Table<Row> {
  readonly id: string
  /** Says what the table is to whoever cannot see where it stands. */
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  /** Must differ between rows. */
  keyOf(row: Row): string
  readonly empty?: string
  isCurrent?(row: Row): boolean
  /** Rows that a row opens to; null = it does not open. */
  childrenOf?(row: Row): Children | null
  /** Sorts for tables that share one order; else each keeps its own. */
  readonly sortedBy?: string
}

export interface Children {
  readonly label: string
  /** `<tr class="child">`s. */
  readonly rows: ComponentChildren
}

export function DataTable<Row>(whole: Table<Row>): JSX.Element {
  const table = { ...whole, columns: whole.columns.filter(({ cell }) => cell !== undefined) }
  const { id, caption, columns, rows, keyOf, empty = 'Nothing in this window.' } = table
  if (rows.length === 0) return <p class="empty">{empty}</p>
  const order = orderOf(table)
  return (
    <div class="table-scroll" tabIndex={0} role="group" aria-label={caption}>
      <table id={id}>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <Header key={column.id} table={table} column={column} order={order} />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted(table, order).map((row) => (
            <TableRow key={keyOf(row)} table={table} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function TableRow<Row>({ table, row }: { readonly table: Table<Row>; readonly row: Row }) {
  const { id, columns, keyOf, isCurrent, childrenOf } = table
  const children = childrenOf?.(row) ?? null
  const key = keyOf(row)
  const isOpen = children !== null && listParameter(`open_${id}`).includes(key)
  const toggle = () => navigate(toggledInList(`open_${id}`, key), 'replace')
  return (
    <>
      <tr aria-current={isCurrent?.(row) === true ? 'true' : undefined} data-key={key}>
        {columns.map((column, at) => {
          const content = column.cell?.(row)
          if (at > 0)
            return (
              <td key={column.id} class={classOf(column)}>
                {content}
              </td>
            )
          return (
            <th key={column.id} scope="row" class={classOf(column)}>
              {children === null ? (
                <span class={childrenOf === undefined ? undefined : 'unexpandable'}>{content}</span>
              ) : (
                <button type="button" class="expand" aria-expanded={isOpen} aria-label={children.label} onClick={toggle}>
                  <ExpandIcon />
                  {content}
                </button>
              )}
            </th>
          )
        })}
      </tr>
      {isOpen && children.rows}
    </>
  )
}

const classOf = (column: Readonly<Partial<Record<'number' | 'wide' | 'action', boolean>>>): string | undefined =>
  column.number === true ? 'number' : column.wide === true ? 'wide' : column.action === true ? 'action' : undefined

interface Order {
  readonly column: string
  readonly descending: boolean
}

/** `sort=cost` is from the largest down, `sort=-cost` the other way round; names begin with A. */
function orderOf<Row>({ id, columns, sortedBy }: Table<Row>): Order | null {
  const text = parameter(sortedBy ?? `sort_${id}`)
  if (text === null) return null
  const column = columns.find((one) => one.id === text.replace(/^-/, ''))
  if (column?.value === undefined) return null
  return { column: column.id, descending: (column.number === true) !== text.startsWith('-') }
}

function Header<Row>({
  table,
  column,
  order,
}: {
  readonly table: Table<Row>
  readonly column: Column<Row>
  readonly order: Order | null
}) {
  if (column.value === undefined)
    return (
      <th scope="col" class={classOf(column)} data-column={column.id}>
        {column.title}
      </th>
    )
  const active = order?.column === column.id ? order : null
  const next = active !== null && active.descending === (column.number === true) ? `-${column.id}` : column.id
  const sort = () => navigate({ [table.sortedBy ?? `sort_${table.id}`]: next }, 'replace')
  const direction = active === null ? undefined : active.descending ? 'descending' : 'ascending'
  const sign = active !== null && !active.descending ? <UpIcon /> : <DownIcon />
  return (
    <th scope="col" class={classOf(column)} aria-sort={direction} data-column={column.id}>
      <button type="button" class="sort" onClick={sort}>
        {/* On the inner side, so that a title stands over its numbers. */}
        {column.number === true && sign}
        {column.title}
        {column.number !== true && sign}
      </button>
    </th>
  )
}

/** As they came when no order is chosen; none always stands last. */
function sorted<Row>({ columns, rows }: Table<Row>, order: Order | null): readonly Row[] {
  const valueOf = columns.find((column) => column.id === order?.column)?.value
  if (order === null || valueOf === undefined) return rows
  const sign = order.descending ? -1 : 1
  return rows.toSorted((a, b) => compare(valueOf(a), valueOf(b), sign))
}

function compare(a: CsvValue, b: CsvValue, sign: number): number {
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  return sign * (typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b)))
}

export function CsvButton<Row>({ table }: { readonly table: Table<Row> }) {
  const save = () => {
    const columns = table.columns.filter((column) => column.value !== undefined)
    const rows = sorted(table, orderOf(table)).map((row) => columns.map((column) => column.value?.(row) ?? null))
    saveFile(
      `metis-${table.id}.csv`,
      csvOf(
        columns.map(({ id, head = id }) => head),
        rows,
      ),
    )
  }
  if (table.rows.length === 0) return null
  return (
    <button type="button" class="plain small" aria-label={`${table.caption} as CSV`} onClick={save}>
      CSV
    </button>
  )
}

function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser has taken hold of it by the next turn.
  setTimeout(() => URL.revokeObjectURL(url), 0)
}
