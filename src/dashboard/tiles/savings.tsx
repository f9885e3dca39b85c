// What the same tokens would have cost otherwise: all on one other model, in batches, with other caching.
import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import type { Totals } from '../../analytics/totals.ts'
import type { CacheEffect, Savings as SavingsData, WhatIf } from '../answers.ts'
import { analytics, useAnswers } from '../api.ts'
import { exactUsd, formatCount, formatShare, formatUsd, plural } from '../format.ts'
import { CsvButton, DataTable, type Column, type Table } from '../parts/data-table.tsx'
import { Figure, Figures } from '../parts/figures.tsx'
import { Money } from '../parts/money.tsx'
import { Tile } from '../parts/tile.tsx'
import { canFilterBy, navigate, parameter } from '../state.ts'

type ModelRow = Totals & { readonly model: string | null }
type Scenario = WhatIf['scenarios'][number]

export function Savings(): JSX.Element {
  const ranked = useAnswers({
    models: analytics<readonly ModelRow[]>('/analytics/cost'),
    cache: analytics<readonly CacheEffect[]>('/analytics/cache_effectiveness'),
  })
  // What a cache saved is told at list price: where there is none, a model's spend was what its provider said.
  const priced = new Set((ranked.all?.cache.data ?? []).flatMap((row) => (row.saved_usd === null ? [] : [row.model])))
  const models = (ranked.all?.models.data ?? []).flatMap(({ model, cost_usd: usd }) =>
    model !== null && usd !== null && priced.has(model) ? [model] : [],
  )
  const chosen = parameter('baseline') ?? models[0] ?? null
  if (ranked.all === null || chosen === null || !canFilterBy(chosen))
    return (
      <Tile id="savings" title="Savings" answers={ranked}>
        {() => <p class="empty">There is no priced model to compare with in this window.</p>}
      </Tile>
    )
  return <Compared baseline={chosen} models={models} />
}

function Compared({ baseline, models }: { readonly baseline: string; readonly models: readonly string[] }) {
  const answers = useAnswers({
    savings: analytics<SavingsData>('/analytics/savings', { baseline }),
    whatIf: analytics<WhatIf>('/analytics/what_if'),
  })
  return (
    <Tile
      id="savings"
      title="Savings"
      answers={answers}
      actions={({ whatIf }) => <CsvButton table={tableOf(whatIf.data)} />}
      above={<Baseline key={baseline} baseline={baseline} models={models} />}
    >
      {({ savings, whatIf }) => (
        <>
          <Figures>
            <Figure
              term="These calls, at today's list price"
              value={<Money usd={savings.data.repriced_actual_usd} />}
              beside={missing(savings.data)}
            />
            <Figure
              term="All on the baseline"
              value={<Money usd={savings.data.repriced_baseline_usd} />}
              beside={`${formatCount(savings.data.rows_priced)} calls`}
            />
            <Figure
              term={savings.data.savings_usd < 0 ? 'Dearer than the baseline' : 'Saved'}
              value={<Saved data={savings.data} />}
              beside={shareOf(savings.data)}
            />
          </Figures>
          <div class="beside-table">
            <DataTable {...tableOf(whatIf.data)} />
          </div>
        </>
      )}
    </Tile>
  )
}

/** Any model with a price; those of the window are proposed. */
function Baseline({ baseline, models }: { readonly baseline: string; readonly models: readonly string[] }) {
  const text = useSignal(baseline)
  const apply = () =>
    navigate({ baseline: text.value.trim() === '' || text.value === models[0] ? null : text.value.trim() }, 'replace')
  return (
    <label class="range">
      Baseline
      <input
        list="baseline-models"
        value={text.value}
        size={30}
        onInput={(event) => (text.value = event.currentTarget.value)}
        onChange={apply}
      />
      <datalist id="baseline-models">
        {models.map((model) => (
          <option key={model} value={model} />
        ))}
      </datalist>
    </label>
  )
}

function Saved({ data }: { readonly data: SavingsData }) {
  const { savings_usd: usd } = data
  return (
    <span class={usd < 0 ? 'bad' : 'good'} title={exactUsd(usd)}>
      {formatUsd(usd)}
    </span>
  )
}

const shareOf = ({ savings_pct: percent }: SavingsData): string =>
  percent === null ? '—' : `${formatShare(percent / 100)} of the baseline`

const missing = ({ rows_missing_from_price_table: rows }: SavingsData): string =>
  rows === 0 ? 'all calls have a price' : `${plural(rows, 'call')} without a price left out`

const words: Readonly<Record<Scenario['scenario'], string>> = {
  model: 'On another model',
  batch: 'In batches',
  cache_1h: 'With a 1 h cache',
  no_cache: 'Without a cache',
}

function tableOf(whatIf: WhatIf): Table<Scenario> {
  return { id: 'what-if', caption: 'What if', rows: whatIf.scenarios, keyOf: (row) => row.scenario, columns }
}

const columns: readonly Column<Scenario>[] = [
  {
    id: 'scenario',
    title: 'What if',
    value: (row) => row.scenario,
    cell: (row) => <span title={row.assumption}>{words[row.scenario]}</span>,
  },
  { id: 'cost_usd', title: 'Cost', number: true, value: (row) => row.cost_usd, cell: (row) => <Money usd={row.cost_usd} /> },
  {
    id: 'difference_usd',
    title: 'Difference',
    number: true,
    value: (row) => row.difference_usd,
    cell: (row) => <Difference usd={row.difference_usd} />,
  },
  {
    id: 'rows_missing_from_price_table',
    title: 'Left out',
    number: true,
    value: (row) => row.rows_missing_from_price_table,
    cell: (row) =>
      row.rows_missing_from_price_table === 0 ? <span class="muted">0</span> : formatCount(row.rows_missing_from_price_table),
  },
]

function Difference({ usd }: { readonly usd: number }) {
  return (
    <span class={usd < 0 ? 'good' : usd > 0 ? 'bad' : 'muted'} title={exactUsd(usd)}>
      {usd > 0 ? `+${formatUsd(usd)}` : formatUsd(usd)}
    </span>
  )
}
