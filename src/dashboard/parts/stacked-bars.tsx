// Amounts over time, stacked: bars from zero, read with the pointer or the arrow keys. d3 does the arithmetic, the SVG is ours.
import { useSignal } from '@preact/signals'
import { max } from 'd3-array'
import { scaleBand, scaleLinear } from 'd3-scale'
import { stack } from 'd3-shape'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Bucket } from '../time-buckets.ts'

export interface Series {
  readonly key: string
  readonly label: string
  /** 1 to 7, or `other`. */
  readonly colour: string
  /** One per bucket. */
  readonly values: readonly number[]
}

export interface StackedBarsProps {
  /** What a reader who cannot see it is told. */
  readonly label: string
  readonly buckets: readonly Bucket[]
  readonly series: readonly Series[]
  readonly height?: number
  format(value: number): string
}

const margin = { top: 8, right: 4, bottom: 22, left: 56 }
/** Width of a label beneath the axis, with the room around it. */
const tickWidth = 62

export function StackedBars({ label, buckets, series, height = 240, format }: StackedBarsProps): JSX.Element {
  const frame = useRef<HTMLDivElement>(null)
  const width = useWidth(frame)
  const at = useSignal<number | null>(null)
  const x = scaleBand<number>(buckets.keys(), [margin.left, width - margin.right])
    .paddingInner(0.22)
    .paddingOuter(0.1)
  const totals = buckets.map((_, bucket) => series.reduce((sum, { values }) => sum + (values[bucket] ?? 0), 0))
  const y = scaleLinear([0, max(totals) || 1], [height - margin.bottom, margin.top]).nice(4)
  const layers = stack<unknown, number, Series>()
    .keys(series)
    .value((bucket, { values }) => values[bucket] ?? 0)([...buckets.keys()])
  const every = Math.max(1, Math.ceil((buckets.length * tickWidth) / Math.max(1, width - margin.left - margin.right)))
  const move = (step: number) => {
    const from = at.value ?? (step > 0 ? -1 : buckets.length)
    at.value = Math.min(buckets.length - 1, Math.max(0, from + step))
  }
  const keys: Readonly<Record<string, () => void>> = {
    ArrowRight: () => move(1),
    ArrowLeft: () => move(-1),
    Home: () => move(-buckets.length),
    End: () => move(buckets.length),
    Escape: () => (at.value = null),
  }
  const press = (event: KeyboardEvent) => {
    const act = keys[event.key]
    if (act === undefined) return
    event.preventDefault()
    act()
  }
  const point = (event: PointerEvent) => {
    const left = frame.current?.getBoundingClientRect().left ?? 0
    const found = Math.floor((event.clientX - left - margin.left) / x.step())
    at.value = found >= 0 && found < buckets.length ? found : null
  }

  const spokenOf = (bucket: number): string =>
    [
      `${buckets[bucket]?.title ?? ''}, ${format(totals[bucket] ?? 0)}`,
      ...shownIn(series, bucket).map(({ label: name, values }) => `${name} ${format(values[bucket] ?? 0)}`),
    ].join('; ')

  return (
    <div ref={frame} class="chart" onPointerMove={point} onPointerLeave={() => (at.value = null)}>
      {/* What is inside an image is not read out: the reading stands beside it. */}
      <div role="img" aria-label={label} tabIndex={0} onKeyDown={press} onBlur={() => (at.value = null)}>
        <svg viewBox={`0 0 ${width} ${height}`} height={height} aria-hidden="true">
          {y.ticks(4).map((tick) => (
            <g key={tick}>
              <line class={tick === 0 ? 'base' : 'rule'} x1={margin.left} x2={width - margin.right} y1={y(tick)} y2={y(tick)} />
              <text x={margin.left - 8} y={y(tick) + 4} text-anchor="end">
                {format(tick)}
              </text>
            </g>
          ))}
          {at.value !== null && (
            <rect
              class="hover"
              x={(x(at.value) ?? 0) - (x.step() - x.bandwidth()) / 2}
              y={margin.top}
              width={x.step()}
              height={height - margin.top - margin.bottom}
            />
          )}
          {layers.map((layer) => (
            <g key={layer.key.key} class={`fill-${layer.key.colour}`}>
              {layer.map(([low, high], bucket) =>
                high > low ? (
                  <rect key={bucket} x={x(bucket)} width={x.bandwidth()} y={y(high)} height={Math.max(0.5, y(low) - y(high))} />
                ) : null,
              )}
            </g>
          ))}
          {buckets.map(({ tick }, bucket) =>
            bucket % every === 0 ? (
              <text key={bucket} x={(x(bucket) ?? 0) + x.bandwidth() / 2} y={height - 5} text-anchor="middle">
                {tick}
              </text>
            ) : null,
          )}
        </svg>
      </div>
      <p class="visually-hidden" role="status">
        {at.value === null ? '' : spokenOf(at.value)}
      </p>
      {at.value !== null && (
        <Reading
          title={buckets[at.value]?.title ?? ''}
          bucket={at.value}
          series={series}
          total={totals[at.value] ?? 0}
          format={format}
          left={x(at.value) ?? 0}
          width={width}
        />
      )}
    </div>
  )
}

function Reading({
  title,
  bucket,
  series,
  total,
  format,
  left,
  width,
}: Pick<StackedBarsProps, 'series' | 'format'> & {
  readonly title: string
  readonly bucket: number
  readonly total: number
  readonly left: number
  readonly width: number
}) {
  // On the side where there is room.
  const side = left > width / 2 ? { right: `${width - left + 8}px` } : { left: `${left + 36}px` }
  const shown = shownIn(series, bucket)
  return (
    <div class="reading" style={side} aria-hidden="true">
      <p class="total">
        <span>{title}</span>
        <span>{format(total)}</span>
      </p>
      <ul>
        {shown.map(({ key, label, colour, values }) => (
          <li key={key}>
            <i class={`swatch fill-${colour}`} />
            <bdi class="name">{label}</bdi>
            <span>{format(values[bucket] ?? 0)}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}

const shownIn = (series: readonly Series[], bucket: number): readonly Series[] =>
  series.filter(({ values }) => (values[bucket] ?? 0) !== 0)

/** Of the element, followed. Drawn in its own pixels, text keeps its size. */
function useWidth(of: { readonly current: HTMLElement | null }): number {
  const width = useSignal(960)
  useEffect(() => {
    const element = of.current
    if (element === null) return undefined
    const observer = new ResizeObserver(([entry]) => {
      const next = Math.round(entry?.contentRect.width ?? 0)
      if (next > 0) width.value = next
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return width.value
}

export function Legend({ series }: { readonly series: readonly Pick<Series, 'key' | 'label' | 'colour'>[] }): JSX.Element {
  return (
    <ul class="legend">
      {series.map(({ key, label, colour }) => (
        <li key={key}>
          <i class={`swatch fill-${colour}`} aria-hidden="true" />
          <bdi class="name">{label}</bdi>
        </li>
      ))}
    </ul>
  )
}
