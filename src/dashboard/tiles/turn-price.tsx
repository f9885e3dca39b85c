// What a turn cost, line by line, and what was tried until somebody answered.
import type { JSX } from 'preact'
import type { Attempt, PriceLine, TurnDetail } from '../answers.ts'
import { exactUsd, formatCount, formatMs } from '../format.ts'
import { CsvButton, DataTable, type Column, type Table } from '../parts/data-table.tsx'
import { Money } from '../parts/money.tsx'

interface Of {
  readonly turn: TurnDetail
}

const items: Readonly<Record<PriceLine['item'], string>> = {
  input: 'Input, uncached',
  cache_read: 'Read from cache',
  cache_write_5m: 'Written to cache, 5 min',
  cache_write_1h: 'Written to cache, 1 h',
  output: 'Output',
}

export function PriceLines({ turn }: Of): JSX.Element | null {
  const { call, price_lines: lines, price_lines_usd: listed } = turn
  if (call === null) return null
  const table: Table<PriceLine> = {
    id: 'price-lines',
    caption: 'Usage and price',
    columns: lineColumns,
    rows: lines,
    keyOf: (line) => line.item,
    empty: 'Nothing was used.',
  }
  return (
    <section class="tile half" aria-labelledby="price-title">
      <div class="tile-head">
        <h2 id="price-title">Usage and price</h2>
        <div class="tile-actions">
          <span class="status">
            stamped <strong>{call.cost_usd === null ? 'unpriced' : exactUsd(call.cost_usd)}</strong>
          </span>
          <CsvButton table={table} />
        </div>
      </div>
      <DataTable {...table} />
      <p class="tile-note">
        {listed === null
          ? 'There is no list price for this model today.'
          : `At today's list price: ${exactUsd(listed)}. What was stamped when the call ended is what counts.`}
      </p>
    </section>
  )
}

const lineColumns: readonly Column<PriceLine>[] = [
  { id: 'item', title: 'Item', wide: true, value: (line) => line.item, cell: (line) => items[line.item] },
  { id: 'tokens', title: 'Tokens', number: true, value: (line) => line.tokens, cell: (line) => formatCount(line.tokens) },
  {
    id: 'usd_per_million',
    title: 'USD per million',
    number: true,
    value: (line) => line.usd_per_million,
    cell: (line) => (line.usd_per_million === null ? '—' : exactUsd(line.usd_per_million)),
  },
  {
    id: 'cost_usd',
    title: 'Cost',
    number: true,
    value: (line) => line.cost_usd,
    cell: (line) => <Money usd={line.cost_usd} />,
  },
]

export function Attempts({ turn }: Of): JSX.Element | null {
  // One attempt that went well tells nothing that is not above.
  if (turn.attempt_log.length < 2 && turn.status !== 'failed') return null
  const table: Table<NumberedAttempt> = {
    id: 'attempts',
    caption: 'Attempts',
    columns: attemptColumns,
    rows: turn.attempt_log.map((attempt, index) => ({ ...attempt, number: index + 1 })),
    keyOf: (attempt) => String(attempt.number),
    empty: 'None was made.',
  }
  return (
    <section class="tile" aria-labelledby="attempts-title">
      <div class="tile-head">
        <h2 id="attempts-title">Attempts</h2>
        <CsvButton table={table} />
      </div>
      <DataTable {...table} />
    </section>
  )
}

type NumberedAttempt = Attempt & { readonly number: number }

const attemptColumns: readonly Column<NumberedAttempt>[] = [
  { id: 'number', title: '#', value: (attempt) => attempt.number, cell: (attempt) => attempt.number },
  {
    id: 'model',
    title: 'Model',
    wide: true,
    value: (attempt) => attempt.model,
    cell: (attempt) => <bdi class="name">{attempt.model}</bdi>,
  },
  { id: 'status', title: 'Status', number: true, value: (attempt) => attempt.status, cell: (attempt) => attempt.status ?? '—' },
  {
    id: 'error_class',
    title: 'Error',
    value: (attempt) => attempt.error_class,
    cell: (attempt) => (attempt.error_class === null ? '—' : <span class="bad">{attempt.error_class}</span>),
  },
  {
    id: 'latency_ms',
    title: 'Latency',
    number: true,
    value: (attempt) => attempt.latency_ms,
    cell: (attempt) => formatMs(attempt.latency_ms),
  },
]
