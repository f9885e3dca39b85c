// On each runtime in its own vitest project: node, bun, workers.
import { onBun, onWorkers } from '../support/runtime.ts'
import { startGatewayUnderTest } from '../support/under-test.ts'
import { gatewayContract, type Platform } from './gateway-contract.ts'

/** docs/workers.md: the platform tells of a client that has left with the next write, or not at all. */
const workers: Platform = {
  noLeavingBeforeFirstByte: 'the platform tells with a write, and there is none',
  noLoopbackOfItsOwn: 'Cloudflare listens',
}

if (onWorkers) gatewayContract('Workers', startGatewayUnderTest, workers)
else gatewayContract(onBun ? 'Bun' : 'Node', startGatewayUnderTest)
