// Which model did well at turns like this one: nearest neighbours by their words, then success against cost. Pure.
import type { PatternSettings } from '../../config/schema.ts'
import type { Fingerprint, Sample } from '../../store/patterns.ts'
import { similarityTo } from './fingerprint.ts'

export interface Scored {
  readonly model: string
  readonly samples: number
  readonly success: number
  /** 1 = the cheapest of those that are compared. */
  readonly costEfficiency: number
  readonly score: number
  readonly confidence: number
}

export interface Recommendation {
  /** Best first; empty = nothing like it is known. */
  readonly scored: readonly Scored[]
  /** null = too little is known to say. */
  readonly model: string | null
  readonly neighbours: number
}

/** Less alike than this is chance. */
const LEAST_SIMILARITY = 0.1
/** Who is the only one known, and was no help more often than not, is no recommendation. */
const LEAST_SUCCESS = 0.5

export function recommend(
  fingerprint: Fingerprint,
  samples: Iterable<Sample>,
  settings: PatternSettings,
  isAllowed: (model: string) => boolean,
): Recommendation {
  const near: { readonly sample: Sample; readonly similarity: number }[] = []
  const allowed = new Map<string, boolean>()
  const similarityOf = similarityTo(fingerprint)
  for (const sample of samples) {
    if (!isComparable(fingerprint, sample.fingerprint)) continue
    const isIn = allowed.get(sample.model) ?? isAllowed(sample.model)
    allowed.set(sample.model, isIn)
    if (!isIn) continue
    const similarity = similarityOf(sample.fingerprint)
    if (similarity >= LEAST_SIMILARITY) near.push({ sample, similarity })
  }
  near.sort((a, b) => b.similarity - a.similarity)
  const nearest = near.slice(0, settings.neighbours)
  const models = [...new Set(nearest.map(({ sample }) => sample.model))].map((model) => {
    const own = nearest.filter(({ sample }) => sample.model === model)
    const weight = own.reduce((sum, { similarity }) => sum + similarity, 0)
    const success = own.reduce((sum, { sample, similarity }) => sum + sample.outcome * similarity, 0) / weight
    const priced = own.flatMap(({ sample }) => (sample.costNanoUsd === null ? [] : [sample.costNanoUsd]))
    const cost = priced.length === 0 ? null : priced.reduce((sum, one) => sum + one, 0) / priced.length
    return { model, samples: own.length, success, cost, likeness: weight / own.length }
  })
  const enough = models.filter(({ samples: count }) => count >= settings.minSample)
  const cheapest = Math.min(...enough.map(({ cost }) => cost ?? Infinity))
  const scored = enough
    .map(({ model, samples: count, success, cost, likeness }): Scored => {
      const costEfficiency = cost === null ? 0 : cost === 0 ? 1 : Math.min(1, cheapest / cost)
      const score = (1 - settings.costWeight) * success + settings.costWeight * costEfficiency
      // Many neighbours make up for little likeness, never for none.
      const confidence = Math.sqrt(likeness) * (count / (count + settings.minSample))
      return { model, samples: count, success, costEfficiency, score, confidence }
    })
    .sort((a, b) => Number(isHelp(b)) - Number(isHelp(a)) || b.score - a.score)
  const [best] = scored
  const isSure = best !== undefined && isHelp(best) && best.confidence >= settings.minConfidence
  return { scored, model: isSure ? best.model : null, neighbours: nearest.length }
}

const isHelp = ({ success }: Scored): boolean => success >= LEAST_SUCCESS

function isComparable(a: Fingerprint, b: Fingerprint): boolean {
  return a.hasTools === b.hasTools && a.hasImages === b.hasImages && Math.abs(a.sizeClass - b.sizeClass) <= 1
}
