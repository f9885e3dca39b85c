// A tile that is one table, with its CSV in the head.
import type { ComponentChildren, JSX } from 'preact'
import { CsvButton, DataTable, type Table } from './data-table.tsx'
import { Tile, type TileProps } from './tile.tsx'

export interface TableTileProps<All, Row> extends Omit<TileProps<All>, 'children'>, Omit<Table<Row>, 'id' | 'caption' | 'rows'> {
  rows(all: All): readonly Row[]
  /** Between head and table. */
  head?(all: All): ComponentChildren
  /** Beneath the table. */
  note?(all: All): ComponentChildren
}

export function TableTile<All, Row>({ rows, head, note, ...rest }: TableTileProps<All, Row>): JSX.Element {
  const { id, title, width, answers, actions, ...table } = rest
  const whole = (all: All): Table<Row> => ({ ...table, id: `${id}-table`, caption: title, rows: rows(all) })
  return (
    <Tile
      id={id}
      title={title}
      {...(width === undefined ? {} : { width })}
      answers={answers}
      actions={(all) => (
        <>
          {actions?.(all)}
          <CsvButton table={whole(all)} />
        </>
      )}
    >
      {(all) => (
        <>
          {head?.(all)}
          <DataTable {...whole(all)} />
          <Note>{note?.(all)}</Note>
        </>
      )}
    </Tile>
  )
}

function Note({ children }: { readonly children: ComponentChildren }) {
  return children === undefined || children === null || children === false ? null : <p class="tile-note">{children}</p>
}
