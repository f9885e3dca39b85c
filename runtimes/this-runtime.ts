// The one place where the runtime is asked for. Node and Bun run the same bundle (`bunx` starts Node unless `--bun` is given), so
// what differs between them can only be chosen when it runs.
import process from 'node:process'

export const isBun = process.versions['bun'] !== undefined
