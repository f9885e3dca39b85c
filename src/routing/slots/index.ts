// The slots there are; order = precedence (contract.md §3).
import type { Slot } from '../slot.ts'
import { delegateRequest } from './delegate-request.ts'
import { globalDefault } from './global-default.ts'
import { manualSticky } from './manual-sticky.ts'
import { pattern } from './pattern.ts'
import { perMessageOverride } from './per-message-override.ts'
import { rule } from './rule.ts'
import { workspaceDefault } from './workspace-default.ts'

export const slots: readonly Slot[] = [
  perMessageOverride,
  manualSticky,
  rule,
  pattern,
  delegateRequest,
  workspaceDefault,
  globalDefault,
]
