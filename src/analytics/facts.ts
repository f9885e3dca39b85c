// Facts: what is counted of calls and decisions beside their money, and can be added up: how they ended, how long they took,
// which slot chose, what the cache missed. Folded from rows by one piece of code, whether a query asks or the hours are settled.
import { addHistogram, bucketOf, type Histogram } from './histogram.ts'

export const factKinds = ['status', 'latency', 'ttft', 'miss', 'route', 'refusal'] as const
export type FactKind = (typeof factKinds)[number]

/** Who and what a fact is about; '' = none. */
export interface FactSubject {
  readonly gateway_key_id: string
  readonly user_id: string
  readonly team_id: string
  readonly project: string
  readonly client: string
  readonly provider: string
  readonly model: string
}

export const subjectColumns = [
  'gateway_key_id',
  'user_id',
  'team_id',
  'project',
  'client',
  'provider',
  'model',
] as const satisfies readonly (keyof FactSubject)[]

export interface Fact {
  readonly kind: FactKind
  readonly subject: FactSubject
  /** `failed overloaded`, `expired`, `chose rule`, …: what each kind tells apart. */
  readonly detail: string
  readonly count: number
  /** Of `count`, with more than one attempt. */
  readonly retried: number
  /** Input that the cache could have served, and of it what was paid for as a write. */
  readonly missedTokens: number
  readonly missedWrite5mTokens: number
  readonly missedWrite1hTokens: number
  readonly lastUs: number
  readonly histogram: Histogram
}

export interface FactAddition {
  readonly count?: number
  readonly retried?: number
  readonly missedTokens?: number
  readonly missedWrite5mTokens?: number
  readonly missedWrite1hTokens?: number
  readonly lastUs?: number
  readonly ms?: number
  readonly histogram?: Histogram
}

interface Sum {
  readonly kind: FactKind
  readonly subject: FactSubject
  readonly detail: string
  count: number
  retried: number
  missedTokens: number
  missedWrite5mTokens: number
  missedWrite1hTokens: number
  lastUs: number
  readonly histogram: Map<number, number>
}

export interface FactBook {
  add(kind: FactKind, subject: FactSubject, detail: string, addition: FactAddition): void
  facts(): readonly Fact[]
}

const byWhole = (subject: FactSubject): string =>
  `${subject.gateway_key_id}\n${subject.user_id}\n${subject.team_id}\n${subject.project}\n${subject.client}\n${subject.provider}\n${subject.model}`

/** `byModel`: who it was is left out; all that an answer for everybody needs. */
export type FactResolution = 'whole' | 'byModel'

export function createFactBook(resolution: FactResolution): FactBook {
  const sums = new Map<string, Sum>()
  return {
    add(kind, whole, detail, addition) {
      const key = `${kind}\n${detail}\n${resolution === 'whole' ? byWhole(whole) : `${whole.provider}\n${whole.model}`}`
      let sum = sums.get(key)
      if (sum === undefined)
        sums.set(key, (sum = emptySum(kind, resolution === 'whole' ? wholeOf(whole) : modelOnly(whole), detail)))
      sum.count += addition.count ?? 1
      sum.retried += addition.retried ?? 0
      sum.missedTokens += addition.missedTokens ?? 0
      sum.missedWrite5mTokens += addition.missedWrite5mTokens ?? 0
      sum.missedWrite1hTokens += addition.missedWrite1hTokens ?? 0
      sum.lastUs = Math.max(sum.lastUs, addition.lastUs ?? 0)
      if (addition.ms !== undefined) {
        const bucket = bucketOf(addition.ms)
        sum.histogram.set(bucket, (sum.histogram.get(bucket) ?? 0) + 1)
      }
      if (addition.histogram !== undefined) addHistogram(sum.histogram, addition.histogram)
    },
    facts: () => [...sums.values()],
  }
}

function emptySum(kind: FactKind, subject: FactSubject, detail: string): Sum {
  return {
    kind,
    subject,
    detail,
    count: 0,
    retried: 0,
    missedTokens: 0,
    missedWrite5mTokens: 0,
    missedWrite1hTokens: 0,
    lastUs: 0,
    histogram: new Map(),
  }
}

/** A row may hold more than who it is about. */
const wholeOf = ({ gateway_key_id, user_id, team_id, project, client, provider, model }: FactSubject): FactSubject => ({
  gateway_key_id,
  user_id,
  team_id,
  project,
  client,
  provider,
  model,
})

const modelOnly = ({ provider, model }: FactSubject): FactSubject => ({
  gateway_key_id: '',
  user_id: '',
  team_id: '',
  project: '',
  client: '',
  provider,
  model,
})
