// How full caps are, for /metrics. Read when somebody scrapes and not again for some seconds, a page at a time with other work in
// between: no answer waits for it. The fullest are shown, as many as a monitoring system likes to keep.
import { readCapPages, type UsedCap } from '../store/caps.ts'
import type { Services } from '../services.ts'
import { gauge, type Family } from './prometheus.ts'

export interface CapGauges {
  readonly families: readonly Family[]
  /** Before the families are printed. Never throws, and never takes long. */
  refresh(): Promise<void>
}

const MOST = 500
const FRESH_MS = 5000
/** A store that takes longer is in trouble: the scrape says so in its other lines. */
const WAIT_MS = 1000

export function createCapGauges(services: Pick<Services, 'storage' | 'clock' | 'defer' | 'logger'>): CapGauges {
  const { storage, clock, logger } = services
  let shown: readonly UsedCap[] = []
  let omitted = 0
  let readMs = -Infinity
  let reading: Promise<void> | null = null

  async function read(): Promise<void> {
    try {
      const all = await allCaps()
      shown = all.slice(0, MOST)
      omitted = all.length - shown.length
      readMs = clock.nowMs()
    } catch (error) {
      // Nothing is better than what was true once.
      shown = []
      omitted = 0
      logger.log('warn', 'caps could not be read for /metrics', { error: String(error) })
    } finally {
      reading = null
    }
  }

  async function allCaps(): Promise<readonly UsedCap[]> {
    // Keys that took each other's place have one cap between them.
    const caps = new Map<string, UsedCap>()
    for await (const page of readCapPages(storage.db, clock.nowUs())) {
      for (const used of page) caps.set(`${used.cap.kind} ${used.cap.scope} ${used.cap.id}`, used)
      await new Promise<void>((resolve) => services.defer(resolve))
    }
    return [...caps.values()].toSorted((a, b) => shareOf(b) - shareOf(a))
  }

  const perCap = (name: string, help: string, value: (used: UsedCap) => number): Family => ({
    name,
    type: 'gauge',
    help,
    samples: () =>
      shown.map((used) => {
        const { kind, id, scope } = used.cap
        return { labels: { kind, id, scope }, value: value(used) }
      }),
  })

  return {
    async refresh() {
      if (clock.nowMs() - readMs < FRESH_MS) return
      reading ??= read()
      const late = new AbortController()
      await Promise.race([reading, clock.sleep(WAIT_MS, late.signal).catch(() => undefined)])
      late.abort()
    },
    families: [
      perCap(
        'metis_cap_limit_nano_usd',
        'What a key, user or team may spend in the running period.',
        ({ cap }) => cap.limitNanoUsd,
      ),
      perCap('metis_cap_spent_nano_usd', 'What is spent of it.', (used) => used.spentNanoUsd),
      perCap('metis_cap_reserved_nano_usd', 'What running turns hold of it until they end.', (used) => used.reservedNanoUsd),
      gauge('metis_caps_omitted', 'Caps that are not shown, because others are fuller.', () => omitted),
    ],
  }
}

/** A limit of 0 is full. */
const shareOf = ({ cap, spentNanoUsd, reservedNanoUsd }: UsedCap): number =>
  cap.limitNanoUsd === 0 ? Infinity : (spentNanoUsd + reservedNanoUsd) / cap.limitNanoUsd
