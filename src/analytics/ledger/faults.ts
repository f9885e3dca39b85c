// What the proof of the ledger finds: the row, and what is wrong with it. The first stands for all that follow from it.

export interface LedgerFault {
  /** Table and key of the row: `events 01J…`, `calls turn-7`, `usage_hourly 2026-11-23T08:00:00.000Z …`. */
  readonly row: string
  readonly message: string
}

export interface FaultLog {
  /** In the order they were found. */
  readonly first: readonly LedgerFault[]
  readonly count: number
  add(row: string, message: string): void
}

/** One broken rule breaks every row behind it: nobody reads the thousandth. */
const kept = 20

export function createFaultLog(): FaultLog {
  const first: LedgerFault[] = []
  let count = 0
  return {
    first,
    get count() {
      return count
    },
    add(row, message) {
      count += 1
      if (first.length < kept) first.push({ row, message })
    },
  }
}
