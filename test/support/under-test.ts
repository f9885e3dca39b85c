// The gateway that a suite runs in front of: on Node or Bun, or as a Worker in vitest's project `workers`; the suites are the same.
import { startTestGateway, type GatewayUnderTest, type TestGatewayOptions } from './gateway.ts'
import { onWorkers } from './runtime.ts'
import { startWorkersGateway } from './workers-gateway.ts'

export const startGatewayUnderTest = (options?: TestGatewayOptions): Promise<GatewayUnderTest> =>
  onWorkers ? startWorkersGateway(options) : startTestGateway(options)
