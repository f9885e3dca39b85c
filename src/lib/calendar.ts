// Where the days and months of a moment begin, UTC, in µs.

export const DAY_US = 86_400_000_000

export const dayStartUs = (us: number): number => Math.floor(us / DAY_US) * DAY_US

export const nextDayUs = (us: number): number => dayStartUs(us) + DAY_US

/** First moment of the month that holds `us`, or of one that is `ahead` months later. */
export function monthStartUs(us: number, ahead = 0): number {
  const date = new Date(Math.floor(us / 1000))
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + ahead) * 1000
}

const iso = /^((?:19[7-9]|20\d|21\d)\d-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(?:Z|\+00:00)?)?$/

/** A date or a time in ISO 8601 and UTC, in µs since 1970; null = it is none, or a date that there is not. */
export function microsecondsOf(text: string): number | null {
  const [whole, day = '', minute = '00:00', second = '00', fraction = ''] = iso.exec(text) ?? []
  if (whole === undefined) return null
  const written = `${day}T${minute}:${second}`
  const ms = Date.parse(`${written}Z`)
  // Date.parse turns 30 February into 2 March; what does not print as it was written is no date.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== written) return null
  return ms * 1000 + Number(fraction.padEnd(6, '0'))
}
