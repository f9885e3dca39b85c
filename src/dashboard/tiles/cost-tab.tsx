// Cost: what it came to, over time, and what it was spent on.
import type { JSX } from 'preact'
import { WithTraffic } from '../parts/with-traffic.tsx'
import { CacheEffectiveness } from './cache-effectiveness.tsx'
import { CacheMisses } from './cache-misses.tsx'
import { CostBy } from './cost-by.tsx'
import { Savings } from './savings.tsx'
import { SpendOverTime } from './spend-over-time.tsx'
import { Summary } from './summary.tsx'

export function CostTab(): JSX.Element {
  return (
    <WithTraffic>
      <div class="tiles">
        <Summary />
        <SpendOverTime />
        <CostBy id="cost-by-model" title="Cost by model" by="model" none="no model" />
        <CacheEffectiveness />
        <Savings />
        <CostBy id="projects" title="Projects" by="project" none="no project" />
        <CostBy id="branches" title="Branches" by="branch" none="no branch" />
        <CostBy id="clients" title="Clients" by="client" none="unknown" />
        <CacheMisses />
      </div>
    </WithTraffic>
  )
}
