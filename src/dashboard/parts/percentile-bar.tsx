// p50, p95 and p99 on one scale.
import { scaleLinear } from 'd3-scale'
import type { JSX } from 'preact'
import type { Percentiles } from '../answers.ts'
import { formatMs } from '../format.ts'

const [width, height] = [120, 12]

export function PercentileBar({
  of,
  slowest,
  label,
}: {
  readonly of: Percentiles
  readonly slowest: number
  readonly label: string
}): JSX.Element {
  const x = scaleLinear([0, slowest], [0, width])
  return (
    <svg
      class="percentiles"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={`${label}: median ${formatMs(of.p50)}, 95th percentile ${formatMs(of.p95)}, 99th ${formatMs(of.p99)}`}
    >
      <rect class="p99" y={3} width={x(of.p99)} height={6} rx={2} />
      <rect class="p95" y={3} width={x(of.p95)} height={6} rx={2} />
      <rect class="p50" x={Math.max(0, x(of.p50) - 1)} width={2} height={height} />
    </svg>
  )
}
