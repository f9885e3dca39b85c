// Numbers and times as people read them. What is rounded here is exact in the cell's title and in every CSV.

const usd = (digits: number) =>
  new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', minimumFractionDigits: digits, maximumFractionDigits: digits }) // prettier-ignore
const integer = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** Cents from ten cents on, three significant digits below, so that a call of $0.000123 is not $0.00. */
export function formatUsd(amount: number): string {
  const size = Math.abs(amount)
  const digits = size >= 0.0995 || size === 0 ? 2 : Math.min(9, 2 - Math.floor(Math.log10(size)))
  return signed(amount, usd(digits).format(size))
}

/** With a minus as wide as a digit; a rounded nothing has no sign. */
const signed = (amount: number, text: string): string => (amount < 0 ? `−${text}` : text)

/** All that there is: up to nine decimals, at least two. */
export function exactUsd(amount: number): string {
  return signed(
    amount,
    `$${Math.abs(amount)
      .toFixed(9)
      .replace(/0{1,7}$/, '')}`,
  )
}

export const formatCount = (count: number): string => integer.format(count)

/** 1,234 · 12.3k · 4.56M · 1.20B: three digits, so that a column of them can be compared at sight. */
export function formatShort(count: number): string {
  const size = Math.abs(count)
  if (size < 10_000) return formatCount(count)
  const [unit, suffix] = size < 999_500 ? [1e3, 'k'] : size < 999_500_000 ? [1e6, 'M'] : [1e9, 'B']
  const scaled = count / unit
  return `${Math.abs(scaled) < 999.5 ? scaled.toPrecision(3) : formatCount(scaled)}${suffix}`
}

/** 0.123 → `12.3%`; whole from 99.95 % and below 0.05 %. */
export function formatShare(share: number): string {
  const percent = share * 100
  if (percent === 0 || percent === 100) return `${percent}%`
  if (Math.abs(percent) < 0.05) return percent > 0 ? '<0.1%' : '>-0.1%'
  return percent > 99.9 && percent < 100 ? '>99.9%' : `${percent.toFixed(1)}%`
}

export function formatMs(ms: number): string {
  if (ms < 1) return `${ms.toFixed(1)} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`
  return formatSpan(ms)
}

/** Two units at most: `1m 12s`, `3h 5m`, `2d 4h`. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ]
  const first = parts.findIndex(([count]) => count > 0)
  if (first === -1) return '0s'
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ')
}

/** `2m ago`, one unit; `just now` below five seconds. */
export function formatAgo(thenMs: number, nowMs: number): string {
  const ms = nowMs - thenMs
  if (ms < 5000) return 'just now'
  return `${formatSpan(ms).split(' ')[0]} ago`
}

/** In the reader's time zone. */
export function formatTime(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' })
}

/** Not `hour12: false`, which is 24:05 five minutes past midnight. */
export const formatClock = (iso: string): string =>
  new Date(iso).toLocaleString(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }) // prettier-ignore

const blank = /^[\s\p{C}\p{Z}]*$/u

/** A name as it is, or a word where there is nothing to see in it. */
export const visible = (name: string): string => (blank.test(name) ? '(blank)' : name)

/** `gk_01KB…9XYZ`: both ends tell keys of one day apart. */
export function shortId(id: string): string {
  return id.length <= 16 ? id : `${id.slice(0, 8)}…${id.slice(-5)}`
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`
