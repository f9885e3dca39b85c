// Where the days and months of a moment begin, UTC, in µs.

export const DAY_US = 86_400_000_000

export const dayStartUs = (us: number): number => Math.floor(us / DAY_US) * DAY_US

export const nextDayUs = (us: number): number => dayStartUs(us) + DAY_US

/** First moment of the month that holds `us`, or of one that is `ahead` months later. */
export function monthStartUs(us: number, ahead = 0): number {
  const date = new Date(Math.floor(us / 1000))
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + ahead) * 1000
}
