// Figures as one line of text: what fits below a prompt, the most asked for first.
import type { Budget, Figures, SessionFigures } from './figures.ts'

export interface Shown {
  /** null = the ledger cannot be read; `estimateUsd` is all there is. */
  readonly figures: Figures | null
  /** The client's own, for a session that is not on record. */
  readonly estimateUsd: number | null
  readonly branch: string | null
  /** Why there are no figures. */
  readonly problem: string | null
  readonly colour: boolean
}

/** A branch's name beyond this is cut. */
const NAME_LENGTH = 32

export function printFigures({ figures, estimateUsd, branch, problem, colour }: Shown): string {
  const session = figures?.session ?? null
  const parts = [
    session === null ? estimated(estimateUsd) : sessionText(session),
    figures === null ? null : `today ${usdText(figures.todayNanoUsd)}`,
    branch === null ? null : branchText(branch, figures?.branchNanoUsd ?? null),
    figures === null || figures.budget === null ? null : budgetText(figures.budget, colour),
    session === null || session.cacheShare === null ? null : `cache ${Math.round(session.cacheShare * 100)}%`,
    problem,
  ]
  return parts.filter((part) => part !== null).join(' · ')
}

const estimated = (usd: number | null): string => (usd === null ? 'session –' : `session ~${usdText(usd * 1e9)}`)

function sessionText({ costNanoUsd, unpricedCalls }: SessionFigures): string {
  const unpriced = unpricedCalls === 0 ? '' : ` + ${unpricedCalls} unpriced`
  return `session ${usdText(costNanoUsd)}${unpriced}`
}

function branchText(branch: string, nanoUsd: number | null): string {
  // A file named HEAD can hold anything; a terminal must not be told to do it.
  const name = branch.replace(/\p{C}/gu, '')
  const shown = name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH - 1)}…` : name
  return nanoUsd === null ? shown : `${shown} ${usdText(nanoUsd)}`
}

/** Yellow and red where alerts are given: from 80 % and from 95 %. */
function budgetText({ scope, leftNanoUsd, limitNanoUsd }: Budget, colour: boolean): string {
  const until = { daily: ' today', monthly: ' this month', budget: '' }[scope]
  const text = `${usdText(leftNanoUsd)} left${until}`
  const share = limitNanoUsd === 0 ? 0 : leftNanoUsd / limitNanoUsd
  if (!colour || share > 0.2) return text
  return `\u{1b}[${share > 0.05 ? 33 : 31}m${text}\u{1b}[39m`
}

/** Cents from ten cents on, three digits below, as the dashboard has it. */
export function usdText(nanoUsd: number): string {
  const usd = nanoUsd / 1e9
  if (usd >= 0.0995 || usd <= 0) return `$${Math.max(0, usd).toFixed(2)}`
  return `$${usd.toFixed(Math.min(9, 2 - Math.floor(Math.log10(usd))))}`
}
