// The copy of its parent's log that a fork of Codex begins with. Its lines bear the time of the copying, or their own old one, so
// neither tells a day; that it is the parent's word for word does, and where the parent's log is gone, that it was written at once.

export interface Replay {
  /** Each line, by its time. */
  line(atMs: number): void
  /** Whether a call told so, in the order of telling, is still the parent's. */
  holds(told: string): boolean
}

/** Between two lines of a copy; a model takes longer to answer. */
const longestPauseMs = 1000

/** `parent`: what it told, in order; null = its log was not read. `headMs`: when the fork began. */
export function createReplay(parent: readonly string[] | null, headMs: number): Replay {
  let lastMs = headMs
  let isCopy = true
  let place = 0
  return {
    line(atMs) {
      if (parent !== null) return
      if (atMs - lastMs >= longestPauseMs) isCopy = false
      lastMs = Math.max(lastMs, atMs)
    },
    holds(told) {
      if (parent !== null && parent[place] !== told) isCopy = false
      place += 1
      return isCopy
    },
  }
}
