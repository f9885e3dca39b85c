// `set-key ID`: changes the limits of a key that is in use; its token stays, and running gateways follow within a second.
import { nanoUsdOf } from '../../../src/lib/money.ts'
import { keyJson, stateOf } from '../../../src/store/key-json.ts'
import type { KeyChange } from '../../../src/store/key-changes.ts'
import { defineCommand } from './command.ts'
import { CommandError, UsageError } from './faults.ts'
import { configFlag, dbFlag, durationOrNone, integerOrNone, jsonFlag, list, oneOf, text, usdOrNone } from './flags.ts'
import { authorOf, noSuchKey } from './keys.ts'
import { withNode } from './open.ts'

const switches = ['on', 'off'] as const

export const setKey = defineCommand({
  name: 'set-key',
  summary: 'change or lift the limits of a key; what is not named stays',
  args: 'ID',
  flags: {
    name: text('NAME', 'what the key is called in reports'),
    'allow-model': list('MODEL', 'the models it may use, in place of those it had; all = every one'),
    'daily-cap-usd': usdOrNone('most it may spend a day (UTC)'),
    'monthly-cap-usd': usdOrNone('most it may spend a month (UTC)'),
    'budget-usd': usdOrNone('most it may spend in all, from when it was first given'),
    'allow-unpriced': oneOf(switches, 'whether models without a known price may be used under a cap'),
    rpm: integerOrNone('N', 'most requests a minute', 1, 1_000_000),
    tpm: integerOrNone('N', 'most tokens a minute, input and output', 1, 1_000_000_000),
    concurrent: integerOrNone('N', 'most turns at one time', 1, 100_000),
    expires: durationOrNone('how long it is valid from now'),
    'log-messages': oneOf(switches, 'whether what is asked and answered from now on is kept'),
    'ignore-client-model': oneOf(switches, 'whether routing decides, whatever model a client names'),
    db: dbFlag,
    config: configFlag,
    json: jsonFlag,
  },
  examples: [
    'metis-gateway set-key gk_01JD8Z6V5K3N9QXW2Y7T4B0RMC --monthly-cap-usd 80 --rpm none',
    'metis-gateway set-key gk_01JD8Z6V5K3N9QXW2Y7T4B0RMC --allow-model haiku --allow-model "openai:*"',
  ],
  async run({ flags, args: [id], io }) {
    if (id === undefined) throw new UsageError('set-key needs the id of a key (gk_…); metis-gateway list-keys shows them')
    const models = flags['allow-model']
    if (models.includes('all') && models.length > 1) throw new UsageError('--allow-model all stands alone')
    if (flags.name === '') throw new UsageError('--name wants a name')
    const nowUs = Date.now() * 1000
    const change: KeyChange = {
      name: flags.name,
      allowedModels: models.length === 0 ? undefined : models.includes('all') ? [] : models,
      dailyNanoUsd: nanoOf(flags['daily-cap-usd']),
      monthlyNanoUsd: nanoOf(flags['monthly-cap-usd']),
      budgetNanoUsd: nanoOf(flags['budget-usd']),
      allowUnpriced: isOn(flags['allow-unpriced']),
      requestsPerMinute: orNull(flags.rpm),
      tokensPerMinute: orNull(flags.tpm),
      concurrentTurns: orNull(flags.concurrent),
      expiresUs: typeof flags.expires === 'number' ? nowUs + flags.expires * 1000 : orNull(flags.expires),
      logMessages: isOn(flags['log-messages']),
      ignoreClientModel: isOn(flags['ignore-client-model']),
    }
    if (Object.values(change).every((value) => value === undefined))
      throw new UsageError('set-key needs something to change, such as --monthly-cap-usd 80')
    return withNode(io, flags, {}, async ({ keys }) => {
      const isChanged = await keys.change(id, change, authorOf(io))
      const key = (await keys.list()).find((one) => one.id === id)
      if (key === undefined) throw noSuchKey(id)
      if (!isChanged) throw new CommandError(`${id} is ${stateOf(key, nowUs)}: metis-gateway issue-key makes a new one`)
      io.out(flags.json ? JSON.stringify(keyJson(key, nowUs)) : `changed ${id} (${key.name})`)
      return 0
    })
  },
})

const isOn = (given: 'on' | 'off' | undefined): boolean | undefined => (given === undefined ? undefined : given === 'on')
const orNull = (given: number | 'none' | undefined): number | null | undefined => (given === 'none' ? null : given)
const nanoOf = (given: number | 'none' | undefined): number | null | undefined =>
  typeof given === 'number' ? nanoUsdOf(given) : orNull(given)
