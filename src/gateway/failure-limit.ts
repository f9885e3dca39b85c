// How often one address may fail to say who it is: who tries keys, hub tokens or what else opens a door is told to slow down, and
// costs no look into the database meanwhile.
import type { RateStore } from '../store/rates.ts'
import { isLoopback, type ClientAddressOf } from './client-address.ts'

export interface FailureLimit {
  /** Takes one failure of the address that a request came from: ms to wait when it has none left; 0 = it had. */
  take(request: Request): number | Promise<number>
  /** It was none after all. */
  giveBack(request: Request): void
}

export interface FailureLimitParts {
  readonly clientAddressOf: ClientAddressOf
  /** Of this process: nobody shares their failures. */
  readonly rates: RateStore
  /** From one address that is not this machine's own. */
  readonly perMinute: number
}

export function createFailureLimit({ clientAddressOf, rates, perMinute }: FailureLimitParts): FailureLimit {
  function bucketOf(request: Request) {
    const address = clientAddressOf(request)
    return address === null || isLoopback(address) ? null : { id: `failures ${address}`, perMinute }
  }

  return {
    take(request) {
      const bucket = bucketOf(request)
      return bucket === null ? 0 : rates.take(bucket, 1)
    },
    giveBack(request) {
      const bucket = bucketOf(request)
      if (bucket !== null) rates.charge(bucket, -1)
    },
  }
}
