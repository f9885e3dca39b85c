// Durations as people write them.

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** `90d`, `24h`, `15m`, `30s`, `500ms` → ms; null for anything else. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})(ms|s|m|h|d|w)$/.exec(text.trim())
  if (match === null) return null
  const unit = unitMs[match[2] ?? '']
  return unit === undefined ? null : Number(match[1]) * unit
}
