import { describe, it } from 'vitest'
import { createMemoryRates } from '../../src/store/rates.ts'
import { archiveContract } from './archive-contract.ts'
import { hubContract } from './hub-contract.ts'
import { patternContract } from './pattern-contract.ts'
import { quotaContract } from './quota-contract.ts'
import { ratesContract, sharedRatesContract } from './rates-contract.ts'
import { storageContract } from './storage-contract.ts'
import { storages } from './storages.ts'
import { userDataContract } from './user-data-contract.ts'

ratesContract('memory', async (clock) => ({ rates: createMemoryRates(clock), settled: () => Promise.resolve() }))

for (const [name, storage] of Object.entries(storages)) {
  if (storage === null) {
    describe(`the storage contract on ${name}`, () => it.skip('is skipped: this machine does not have it', () => undefined))
    continue
  }
  storageContract(name, storage)
  quotaContract(name, storage)
  sharedRatesContract(name, storage)
  userDataContract(name, storage)
  hubContract(name, storage)
  patternContract(name, storage)
  archiveContract(name, storage)
}
