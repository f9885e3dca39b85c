// Money: integer nano-USD inside, decimal USD outside. Sums are sums of integers; nothing is added as a float.

const NANO = 1_000_000_000

/** Nearest nano-USD of an amount that came from outside as a number of USD. */
export function nanoUsdOf(usd: number): number {
  return Math.round(usd * NANO)
}

/** USD with at most nine decimals: the double nearest to the exact value, which prints as it. */
export function usdOf(nanoUsd: number): number {
  return nanoUsd / NANO
}

/** For people: `$12.42`, `$0.0031`, `-$0.50`. */
export function formatUsd(nanoUsd: number): string {
  const sign = nanoUsd < 0 ? '-' : ''
  const usd = Math.abs(nanoUsd) / NANO
  if (usd === 0 || usd >= 0.01) return `${sign}$${usd.toFixed(2)}`
  return `${sign}$${usd.toPrecision(2).replace(/\.?0+$/, '')}`
}
