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
/** So long it may go on being in trouble; then nothing is better than what was true once. */
const SHOWN_MS = 120_000

interface Known {
  readonly fromMs: number
  readonly fullest: readonly UsedCap[]
  readonly omitted: number
}

export function createCapGauges(services: Pick<Services, 'storage' | 'clock' | 'defer' | 'logger'>): CapGauges {
  const { storage, clock, logger } = services
  let known: Known | null = null
  /** Of the last reading that began. Nobody waits for another's: it may never end (docs/decisions/0022-requests-on-workers.md). */
  let begunMs = -Infinity

  async function read(): Promise<void> {
    const fromMs = clock.nowMs()
    begunMs = fromMs
    try {
      const all = await allCaps()
      const fullest = all.slice(0, MOST)
      if (known === null || known.fromMs <= fromMs) known = { fromMs, fullest, omitted: all.length - fullest.length }
    } catch (error) {
      known = null
      logger.log('warn', 'caps could not be read for /metrics', { error: String(error) })
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

  const shown = (): Known | null => (known !== null && clock.nowMs() - known.fromMs < SHOWN_MS ? known : null)

  const perCap = (name: string, help: string, value: (used: UsedCap) => number): Family => ({
    name,
    type: 'gauge',
    help,
    samples: () =>
      (shown()?.fullest ?? []).map((used) => {
        const { kind, id, scope } = used.cap
        return { labels: { kind, id, scope }, value: value(used) }
      }),
  })

  return {
    async refresh() {
      if (shown() !== null && clock.nowMs() - begunMs < FRESH_MS) return
      const late = new AbortController()
      await Promise.race([read(), clock.sleep(WAIT_MS, late.signal).catch(() => undefined)])
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
      gauge('metis_caps_omitted', 'Caps that are not shown, because others are fuller.', () => shown()?.omitted ?? 0),
    ],
  }
}

/** A limit of 0 is full. */
const shareOf = ({ cap, spentNanoUsd, reservedNanoUsd }: UsedCap): number =>
  cap.limitNanoUsd === 0 ? Infinity : (spentNanoUsd + reservedNanoUsd) / cap.limitNanoUsd
