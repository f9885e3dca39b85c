// How much each key and session spends a minute, and whether this minute is far above its own usual.

export interface SpendingPace {
  /** Adds a cost; the finding when with it this minute is out of all proportion, once a minute. */
  add(subject: string, nanoUsd: number, nowMs: number): Outlier | null
  /** What it spent in this minute is forgotten: it was let go on. */
  forgive(subject: string): void
}

export interface Outlier {
  readonly nanoUsdThisMinute: number
  readonly nanoUsdMedian: number
}

interface Pace {
  minute: number
  nanoUsd: number
  told: boolean
  /** Of the minutes before in which anything was spent, the newest last. */
  past: number[]
}

/** Fewer say nothing about what is usual. */
const leastMinutes = 5
const mostMinutes = 30
/** The longest quiet are forgotten first. */
const heldSubjects = 20_000

/** @param floorNanoUsd a minute below this is never out of proportion */
export function createSpendingPace(options: { readonly factor: number; readonly floorNanoUsd: number }): SpendingPace {
  const paces = new Map<string, Pace>()

  function paceOf(subject: string, minute: number): Pace {
    const known = paces.get(subject)
    const pace = known ?? { minute, nanoUsd: 0, told: false, past: [] }
    if (known !== undefined) paces.delete(subject)
    else if (paces.size >= heldSubjects) for (const oldest of paces.keys()) if (paces.size >= heldSubjects) paces.delete(oldest)
    paces.set(subject, pace)
    if (pace.minute !== minute) {
      if (pace.nanoUsd > 0) pace.past = [...pace.past, pace.nanoUsd].slice(-mostMinutes)
      pace.minute = minute
      pace.nanoUsd = 0
      pace.told = false
    }
    return pace
  }

  return {
    add(subject, nanoUsd, nowMs) {
      const pace = paceOf(subject, Math.floor(nowMs / 60_000))
      pace.nanoUsd += nanoUsd
      if (pace.told || pace.past.length < leastMinutes || pace.nanoUsd < options.floorNanoUsd) return null
      const median = medianOf(pace.past)
      if (pace.nanoUsd <= median * options.factor) return null
      pace.told = true
      return { nanoUsdThisMinute: pace.nanoUsd, nanoUsdMedian: median }
    },
    forgive(subject) {
      const pace = paces.get(subject)
      if (pace === undefined) return
      pace.nanoUsd = 0
      pace.told = false
    },
  }
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = 0, high = 0] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]]
  return (low + high) / 2
}
