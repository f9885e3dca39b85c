// The tabs, in their order.
import type { ComponentType } from 'preact'
import type { TabId } from '../state.ts'
import { ActivityTab } from './activity-tab.tsx'
import { CostTab } from './cost-tab.tsx'
import { IdentityTab } from './identity-tab.tsx'
import { KeysTab } from './keys-tab.tsx'
import { ReliabilityTab } from './reliability-tab.tsx'
import { RoutingTab } from './routing-tab.tsx'

export interface Tab {
  readonly id: TabId
  readonly title: string
  readonly View: ComponentType
}

export const tabs: readonly Tab[] = [
  { id: 'cost', title: 'Cost', View: CostTab },
  { id: 'activity', title: 'Activity', View: ActivityTab },
  { id: 'identity', title: 'Spend by identity', View: IdentityTab },
  { id: 'reliability', title: 'Reliability', View: ReliabilityTab },
  { id: 'routing', title: 'Routing', View: RoutingTab },
  { id: 'keys', title: 'Keys', View: KeysTab },
]
