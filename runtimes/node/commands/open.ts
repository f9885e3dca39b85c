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

/** The same choice of store and configuration, as flags for another process. */
export function forwarded({ db, config }: OpenFlags): readonly string[] {
  return [...(db === undefined ? [] : ['--db', db]), ...(config === undefined ? [] : ['--config', config])]
}
