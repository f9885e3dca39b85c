// Money is integer nano-USD inside and decimal USD outside; crossing over loses nothing.

const decimal = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/

/**
 * Exact in decimal, half a nano away from zero: 0.1 is 100,000,000, not what its double holds.
 * @throws RangeError for what is not a decimal number, or beyond 2^53 nano-USD (9.0 million USD)
 */
export function nanoUsdOf(usd: number | string): number {
  const match = decimal.exec(String(usd))
  if (match === null) throw new RangeError(`not an amount in USD: ${JSON.stringify(String(usd).slice(0, 40))}`)
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const shift = 9 + Number(exponent) - fraction.length
  const digits = BigInt(whole + fraction)
  const magnitude = Number(shift >= 0 ? digits * 10n ** BigInt(shift) : divideRounded(digits, 10n ** BigInt(-shift)))
  if (!Number.isSafeInteger(magnitude)) throw new RangeError('an amount of USD beyond what nano-USD can count')
  return sign === '-' && magnitude !== 0 ? -magnitude : magnitude
}

function divideRounded(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor / 2n) / divisor
}

/** Prints with at most 9 decimals, each of them true below 8,388,608 USD, where doubles stand closer than a nano. */
export function usdOf(nanoUsd: number): number {
  return nanoUsd / 1e9
}
