// The Node runtime for embedding: open a store and a configuration, start either server on a port.
export { openNode, type NodeContext, type OpenNodeOptions } from './context.ts'
export { startGateway, type GatewayProcess } from './gateway-process.ts'
export { startServe, type ServeProcess } from './serve-process.ts'
export { openSqlite } from './sqlite.ts'
