// The slots there are; order = precedence (contract.md §3).
import type { Slot } from '../slot.ts'
import { globalDefault } from './global-default.ts'
import { perMessageOverride } from './per-message-override.ts'
import { workspaceDefault } from './workspace-default.ts'

export const slots: readonly Slot[] = [perMessageOverride, workspaceDefault, globalDefault]
