import { describe, it } from 'vitest'
import { quotaContract } from './quota-contract.ts'
import { storageContract } from './storage-contract.ts'
import { storages } from './storages.ts'

for (const [name, storage] of Object.entries(storages)) {
  if (storage === null) {
    describe(`the storage contract on ${name}`, () => it.skip('is skipped: this machine does not have it', () => undefined))
    continue
  }
  storageContract(name, storage)
  quotaContract(name, storage)
}
