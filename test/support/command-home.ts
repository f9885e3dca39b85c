// A home of its own for commands that run inside a test, and turns in its store.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openNode, type NodeContext } from '../../runtimes/node/context.ts'
import { runCommand } from '../../runtimes/node/commands/run.ts'
import { fakeIo } from './fake-io.ts'
import { turnOf, type TurnShape } from './turns.ts'

export interface CommandHome {
  readonly home: string
  /** A path beside the home. */
  path(name: string): string
  run(...argv: string[]): Promise<{ code: number; lines: readonly string[]; stdout: string; stderr: string }>
  inStore<T>(work: (context: NodeContext) => Promise<T>): Promise<T>
  /** Turns 1, 2, …: one for each shape. */
  play(...shapes: readonly TurnShape[]): Promise<void>
  remove(): void
}

export function commandHome(): CommandHome {
  const folder = mkdtempSync(join(tmpdir(), 'metis-cli-'))
  const home = join(folder, '.metis')
  const inStore: CommandHome['inStore'] = async (work) => {
    const context = await openNode({ home, env: {}, logLevel: 'error' })
    try {
      return await work(context)
    } finally {
      await context.close()
    }
  }
  return {
    home,
    path: (name) => join(folder, name),
    async run(...argv) {
      const io = fakeIo({ env: { METIS_HOME: home, HOME: folder, USER: 'tester' }, cwd: folder })
      const code = await runCommand(argv, io)
      return { code, lines: io.stdout, stdout: io.stdout.join('\n'), stderr: io.stderr.join('\n') }
    },
    inStore,
    play: (...shapes) => inStore((context) => playTurns(context, shapes)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

export async function playTurns({ traces }: Pick<NodeContext, 'traces'>, shapes: readonly TurnShape[]): Promise<void> {
  for (const [number, shape] of shapes.entries()) {
    const { opened, closed } = turnOf(number + 1, shape)
    await traces.openTurn(opened, { mustCommit: false })
    await traces.closeTurn(closed)
  }
}
