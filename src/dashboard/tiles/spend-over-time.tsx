// Spend over time, stacked by model, provider, team, user, key or project: the dearest few, the rest together.
import type { JSX } from 'preact'
import type { Totals } from '../../analytics/totals.ts'
import { analytics, useAnswers, type Envelope } from '../api.ts'
import { exactUsd, formatUsd, plural } from '../format.ts'
import { CsvButton, DataTable, type Column, type Table } from '../parts/data-table.tsx'
import { useNames } from '../parts/identity-names.ts'
import { Money } from '../parts/money.tsx'
import { Segments } from '../parts/segments.tsx'
import { Legend, StackedBars, type Series } from '../parts/stacked-bars.tsx'
import { Tile } from '../parts/tile.tsx'
import { chosenSpan, navigate, parameter, type FilterName } from '../state.ts'
import { planOf, timeBuckets, type Span, type TimePlan } from '../time-buckets.ts'

const groups = ['model', 'provider', 'team', 'user', 'gateway_key', 'project'] as const satisfies readonly FilterName[]
type Group = (typeof groups)[number]
const words: Readonly<Record<Group, string>> = { model: 'Model', provider: 'Provider', team: 'Team', user: 'User', gateway_key: 'Key', project: 'Project' } // prettier-ignore
const columnNames: Readonly<Record<Group, string>> = { model: 'model', provider: 'provider', team: 'team_id', user: 'user_id', gateway_key: 'gateway_key_id', project: 'project' } // prettier-ignore

/** What a bar of nobody's is called, as in the tables. */
const nobodys: Readonly<Record<Group, string>> = { model: 'no model', provider: 'no provider', team: 'untagged', user: 'untagged', gateway_key: 'agent-loop', project: 'no project' } // prettier-ignore

type Row = Totals & Readonly<Record<string, unknown>>

/** As many as there are colours that can be told apart. */
const mostSeries = 7
const everyMs = 60_000

export function SpendOverTime(): JSX.Element {
  const group = groups.find((name) => name === parameter('by')) ?? 'model'
  const plan = planOf(chosenSpan(Date.now()))
  const answers = useAnswers({
    rows: analytics<readonly Row[]>('/analytics/cost', { group_by: plan.groupBy, stack_by: group }, { everyMs }),
  })
  const nameOf = useNames(group)
  const data = answers.all === null ? null : dataOf(answers.all.rows, group, (id) => (id === null ? nobodys[group] : nameOf(id)))
  const asTable = parameter('spend') === 'table'
  return (
    <Tile
      id="spend"
      title="Spend over time"
      answers={answers}
      actions={() => (
        <>
          <Segments
            label="Stacked by"
            options={groups.map((name) => [name, words[name]] as const)}
            chosen={group}
            choose={(name) => navigate({ by: name === 'model' ? null : name }, 'replace')}
          />
          <button
            type="button"
            class="plain small"
            aria-pressed={asTable}
            onClick={() => navigate({ spend: asTable ? null : 'table' }, 'replace')}
          >
            Show as table
          </button>
          {data !== null && <CsvButton table={tableOf(data)} />}
        </>
      )}
    >
      {() =>
        data === null ? null : asTable ? (
          <DataTable {...tableOf(data)} />
        ) : (
          <figure class="tile-pad">
            <Legend series={data.series} />
            <StackedBars label={labelOf(data)} buckets={data.buckets} series={data.series} format={formatUsd} />
            {data.bars.startsWith('utc') && new Date().getTimezoneOffset() !== 0 && <figcaption>Days are UTC.</figcaption>}
            {data.bars === 'local days' && new Date().getTimezoneOffset() % 60 !== 0 && (
              <figcaption>Days are made of whole UTC hours: the one that holds midnight is with the day before.</figcaption>
            )}
          </figure>
        )
      }
    </Tile>
  )
}

type NameOf = (id: string | null) => string

interface Data {
  readonly bars: TimePlan['bars']
  readonly buckets: ReturnType<typeof timeBuckets>['buckets']
  readonly series: readonly NamedSeries[]
}

interface NamedSeries extends Series {
  /** In the CSV: as the endpoints call it. */
  readonly head: string
}

function dataOf({ data: rows, window }: Envelope<readonly Row[]>, group: Group, nameOf: NameOf): Data {
  // Of the answer, not of what is chosen by now: the rows of before are shown until the new ones come.
  const groupBy = rows[0]?.['hour'] === undefined ? 'day' : 'hour'
  const instantOf = (row: Row): string => String(row[groupBy])
  const asked: Span = { startMs: Date.parse(window.start), endMs: Math.min(Date.parse(window.end), Date.now()) }
  const plan = { groupBy, bars: groupBy === 'day' ? 'utc days' : planOf(asked).bars } satisfies TimePlan
  // `all` begins in 1970: the first call is where there is something to see.
  const first = rows[0] === undefined ? asked.startMs : Date.parse(instantOf(rows[0]))
  const { bars, buckets, indexOf } = timeBuckets({ ...asked, startMs: asked.startMs === 0 ? first : asked.startMs }, plan)
  const byKey = new Map<string | null, number[]>()
  for (const row of rows) {
    const at = indexOf(instantOf(row))
    if (at === null) continue
    const key = row[columnNames[group]]
    const name = typeof key === 'string' ? key : null
    const values = byKey.get(name) ?? buckets.map(() => 0)
    values[at] = (values[at] ?? 0) + (row.cost_usd ?? 0)
    byKey.set(name, values)
  }
  return { bars, buckets, series: seriesOf(byKey, nameOf) }
}

function seriesOf(byKey: ReadonlyMap<string | null, readonly number[]>, nameOf: NameOf): readonly NamedSeries[] {
  const ranked = [...byKey]
    .map(([key, values]) => ({ key, values, total: sum(values) }))
    .filter(({ total }) => total > 0)
    .toSorted((a, b) => b.total - a.total)
  const few = ranked.length <= mostSeries + 1 ? ranked : ranked.slice(0, mostSeries)
  const rest = ranked.slice(few.length)
  const named = few.map(({ key, values }, index) => ({
    // What is nobody's is grey; as are an eighth and all that follow.
    colour: key === null || index >= mostSeries ? 'other' : String(index + 1),
    key: `of ${key}`,
    head: key ?? nameOf(key),
    label: nameOf(key),
    values,
  }))
  if (rest.length === 0) return named
  const values = (rest[0]?.values ?? []).map((_, at) => sum(rest.map((one) => one.values[at] ?? 0)))
  const label = plural(rest.length, 'other')
  return [...named, { key: 'rest', head: label, label, colour: 'other', values }]
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

const unitOf: Readonly<Record<TimePlan['bars'], string>> = { hours: 'hour', 'local days': 'day', 'utc days': 'day', 'utc months': 'month' } // prettier-ignore

function labelOf({ series, buckets, bars }: Data): string {
  const total = sum(series.flatMap(({ values }) => values))
  return `Spend over ${plural(buckets.length, unitOf[bars])}, ${exactUsd(total)} in all. Arrow keys read single bars.`
}

type TableRow = Data['buckets'][number] & { readonly at: number }

function tableOf({ buckets, series }: Data): Table<TableRow> {
  const total = (row: TableRow) => sum(series.map(({ values }) => values[row.at] ?? 0))
  const columns: readonly Column<TableRow>[] = [
    { id: 'time', title: 'Time', value: (row) => new Date(row.startMs).toISOString(), cell: (row) => row.title },
    { id: 'total', title: 'Total', number: true, value: total, cell: (row) => <Money usd={total(row)} /> },
    ...series.map(({ key, head, label, values }) => ({
      id: key,
      head,
      title: label,
      number: true,
      value: (row: TableRow) => values[row.at] ?? 0,
      cell: (row: TableRow) => <Money usd={values[row.at] ?? 0} />,
    })),
  ]
  const rows = buckets.map((bucket, at) => ({ ...bucket, at }))
  return { id: 'spend-table', caption: 'Spend over time', columns, rows, keyOf: (row) => String(row.startMs) }
}
