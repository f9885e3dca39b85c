import { storageContract } from './storage-contract.ts'
import { storages } from './storages.ts'

for (const [name, storage] of Object.entries(storages)) storageContract(name, storage)
