// What a translation dropped or changed, gathered while it is made.
import type { Warning } from '../ir/warning.ts'

/** `field` as the client's wire names it; a client's values never go into `reason`. */
export interface Warnings {
  readonly all: readonly Warning[]
  dropped(field: string, reason: string): void
  changed(field: string, reason: string): void
}

export function createWarnings(): Warnings {
  const all: Warning[] = []
  return {
    all,
    dropped: (field, reason) => void all.push({ field, action: 'dropped', reason }),
    changed: (field, reason) => void all.push({ field, action: 'changed', reason }),
  }
}
