// A limit on silences, for what every chunk of every stream waits under: two numbers a chunk, and one timer for as long as the
// limit is, where a timer for each chunk would be set and cleared.

export interface Silence {
  /** Something is waited for from now on. */
  start(): void
  /** It has come. */
  stop(): void
  /** Nothing will be waited for any more: no timer stays behind. */
  end(): void
}

/** `onSilent` is called once for each `start` that no `stop` follows within the limit. */
export function createSilence(limitMs: number, onSilent: () => void): Silence {
  let sinceMs: number | null = null
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Set for an earlier wait, as a rule: the one of now may have some time left. */
  function look(): void {
    timer = undefined
    if (sinceMs === null) return
    const leftMs = sinceMs + limitMs - performance.now()
    if (leftMs > 0) {
      timer = setTimeout(look, leftMs)
      return
    }
    sinceMs = null
    onSilent()
  }

  return {
    start() {
      sinceMs = performance.now()
      timer ??= setTimeout(look, limitMs)
    },
    stop() {
      sinceMs = null
    },
    end() {
      sinceMs = null
      clearTimeout(timer)
      timer = undefined
    },
  }
}
