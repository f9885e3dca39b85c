// A policy file's content → rules that can be asked. Everything that could be wrong with a rule is found here, at load.
import * as z from 'zod'
import { compileWhen, predicates, type Test } from './predicates.ts'
import { policyFile, predicateNames, type When } from './schema.ts'

export interface Rule {
  readonly name: string
  readonly model: string
  readonly test: Test
}

export interface Policy {
  readonly rules: readonly Rule[]
  /** A rule asks what has been spent: read from the ledger beforehand. */
  readonly asksSpend: boolean
}

export interface PolicyFault {
  /** Into the file: `['rules', 0, 'when', 'has_images']`. */
  readonly path: readonly PropertyKey[]
  readonly message: string
}

export const noPolicy: Policy = { rules: [], asksSpend: false }

/** @param modelFault what is wrong with a model's name; null = nothing */
export function compilePolicy(content: unknown, modelFault: (name: string) => string | null): Policy | readonly PolicyFault[] {
  const parsed = policyFile.safeParse(content ?? { rules: [] })
  if (!parsed.success) return parsed.error.issues.flatMap(faultsOf)
  const faults: PolicyFault[] = []
  const names = new Set<string>()
  const rules = parsed.data.rules.map(({ name, model, when }, index): Rule => {
    const at = ['rules', index]
    if (names.has(name)) faults.push({ path: [...at, 'name'], message: `there is a rule "${name}" already` })
    names.add(name)
    const fault = modelFault(model)
    if (fault !== null) faults.push({ path: [...at, 'model'], message: fault })
    if (when === undefined) return { name, model, test: () => true }
    const wrong = conditionFaults(when, [...at, 'when'])
    faults.push(...wrong)
    return { name, model, test: wrong.length === 0 ? compileWhen(when) : () => false }
  })
  if (faults.length > 0) return faults
  return { rules, asksSpend: parsed.data.rules.some(({ when }) => when !== undefined && asksSpend(when)) }
}

function conditionFaults(when: When, path: readonly PropertyKey[]): PolicyFault[] {
  if (Object.keys(when).length === 0)
    return [{ path, message: 'an empty condition; leave "when" out for a rule that always holds' }]
  const faults = parts(when).flatMap(([key, inner]) => conditionFaults(inner, [...path, ...key]))
  if (when.message_matches === undefined) return faults
  try {
    predicates.message_matches(when.message_matches)
    return faults
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return [...faults, { path: [...path, 'message_matches'], message }]
  }
}

const spendNames: readonly (keyof When)[] = predicateNames.filter((name) => /cost|budget/.test(name))

function asksSpend(when: When): boolean {
  return spendNames.some((name) => when[name] !== undefined) || parts(when).some(([, inner]) => asksSpend(inner))
}

/** The conditions inside a condition, and the keys that lead to them. */
function parts(when: When): (readonly [key: readonly PropertyKey[], inner: When])[] {
  const listed = (['any_of', 'all_of'] as const).flatMap((key) =>
    (when[key] ?? []).map((inner, index) => [[key, index], inner] as const),
  )
  return when.not === undefined ? listed : [...listed, [['not'], when.not]]
}

function faultsOf(issue: z.core.$ZodIssue): PolicyFault[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, message: issue.message.slice(0, 200) }]
  const allowed = issue.path.length === 0 ? ['rules'] : issue.path.length === 2 ? ['name', 'when', 'model'] : predicateNames
  return issue.keys.map((key) => ({
    path: [...issue.path, key],
    message: `there is no "${key.slice(0, 60)}" here; allowed: ${allowed.join(', ')}`,
  }))
}
