// What a prune took away is said where it would be counted.
import { formatTime } from '../format.ts'

/** null = all of the window is counted. */
export const countedSince = ({ pruned_before: before }: { readonly pruned_before: string | null }): string | null =>
  before === null ? null : `since ${formatTime(before)}; what was before is pruned`
