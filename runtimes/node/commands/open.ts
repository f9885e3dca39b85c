// Opens the store and the configuration for one command and closes them after it, whatever happened. Loaded when a command
// needs it: --help and env open nothing.
import type { NodeContext, OpenNodeOptions } from '../context.ts'
import type { Io } from './io.ts'

export interface OpenFlags {
  readonly db?: string | undefined
  readonly config?: string | undefined
}

type Options = Omit<OpenNodeOptions, 'db' | 'config' | 'env'>

export async function open(io: Io, flags: OpenFlags, options: Options): Promise<NodeContext> {
  const { openNode } = await import('../context.ts')
  return openNode({
    ...options,
    env: io.env,
    ...(flags.db === undefined ? {} : { db: flags.db }),
    ...(flags.config === undefined ? {} : { config: flags.config }),
  })
}

export async function withNode<T>(
  io: Io,
  flags: OpenFlags,
  options: Options,
  work: (context: NodeContext) => Promise<T>,
): Promise<T> {
  const context = await open(io, flags, { maintenance: false, logLevel: 'warn', ...options })
  try {
    return await work(context)
  } finally {
    await context.close()
  }
}

/** The same choice of store and configuration, for another process. A URL holds a password: everybody sees a process' flags. */
export function forwarded(io: Io, { db, config }: OpenFlags): { readonly flags: readonly string[]; readonly env: Io['env'] } {
  return {
    flags: config === undefined ? [] : ['--config', config],
    env: db === undefined ? io.env : { ...io.env, METIS_DB: db },
  }
}
