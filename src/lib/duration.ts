// Durations as people write them in options and configuration.

const msPerUnit: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90d`, `24h`, `15m`, `30s` in ms; null for anything else, units in upper case and fractions too. */
export function parseDuration(text: string): number | null {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  const ms = msPerUnit[unit]
  return count === undefined || ms === undefined ? null : Number(count) * ms
}
