// One flush for all who ask in the same moment: `durability: strict` costs one sync per moment, not one per turn.

/**
 * Who asks while a flush runs shares the next one, because the running one may have begun before their commit.
 * Rejects as `flush` does.
 */
export function createSharedFlush(flush: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null
  let next: Promise<void> | null = null

  function start(): Promise<void> {
    const started = flush().finally(() => {
      if (running === started) running = null
    })
    running = started
    return started
  }

  return () => {
    if (running === null) return start()
    const after = (): Promise<void> => {
      next = null
      return start()
    }
    next ??= running.then(after, after)
    return next
  }
}
