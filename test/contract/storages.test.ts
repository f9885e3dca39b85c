import { describe, it } from 'vitest'
import { storageContract } from './storage-contract.ts'
import { storages } from './storages.ts'

for (const [name, storage] of Object.entries(storages)) {
  if (storage !== null) storageContract(name, storage)
  else describe(`the storage contract on ${name}`, () => it.skip('is skipped: this machine does not have it', () => undefined))
}
