// `chat`: the agent surface in the terminal. Through the engine in-process, routed by policy, kept as a session.
import type { SessionsTable } from '../../../src/store/session-tables.ts'
import type { Conversation } from '../chat/conversation.ts'
import type { NodeContext } from '../context.ts'
import type { NodeSessions } from '../sessions.ts'
import { defineCommand } from './command.ts'
import { CommandError, UsageError, addProvider } from './faults.ts'
import { configFlag, dbFlag, jsonFlag, text, toggle } from './flags.ts'
import type { Io } from './io.ts'
import { open } from './open.ts'
import { textOf } from './text-of.ts'

export const chat = defineCommand({
  name: 'chat',
  summary: 'talk to a model in the terminal, routed by policy; with PROMPT or piped input: one answer',
  args: '[PROMPT]',
  flags: {
    model: text('MODEL', 'who answers in this conversation; absent = routing decides'),
    session: text('ID', 'go on with this session'),
    continue: toggle('go on with the last conversation of this directory'),
    system: text('TEXT', 'instructions for the model'),
    demo: toggle('with the offline demo provider'),
    db: dbFlag,
    config: configFlag,
    json: jsonFlag,
  },
  examples: [
    'metis chat',
    'metis chat "Say hello in one word."',
    'git diff | metis chat "Write a commit message." --model haiku',
  ],
  async run({ flags, args: [prompt], io }) {
    if (flags.session !== undefined && flags.continue) throw new UsageError('--session and --continue say two things; give one')
    const interactive = prompt === undefined && io.interactive
    const piped = interactive || io.stdin.isTTY === true ? '' : await textOf(io.stdin)
    const asked = [prompt, piped.trim()].filter((part) => part !== undefined && part !== '').join('\n\n')
    if (!interactive && asked === '') throw new UsageError('chat has nothing to say: give a PROMPT, or pipe a text into it')
    const context = await open(io, flags, { maintenance: true, demo: flags.demo, logLevel: 'error' })
    try {
      if (context.config.providers.length === 0) {
        throw new CommandError(`no provider is configured: ${addProvider(context.configPath ?? `${context.home}/config.yaml`)}`)
      }
      const [{ openSessions }, { openConversation }] = await Promise.all([
        import('../sessions.ts'),
        import('../chat/conversation.ts'),
      ])
      const sessions = await openSessions(context)
      try {
        const conversation = await openConversation(context, sessions, {
          resumed: await resumedOf(flags, sessions, io),
          workspace: io.cwd,
          model: flags.model ?? null,
          system: flags.system ?? null,
        })
        if (!interactive) return await answerOnce(conversation, asked, flags.json, io)
        await talkAt(conversation, context, io)
      } finally {
        await sessions.close()
      }
    } finally {
      await context.close()
    }
    return 0
  },
})

async function resumedOf(
  flags: { readonly session: string | undefined; readonly continue: boolean },
  sessions: NodeSessions,
  io: Io,
): Promise<SessionsTable | null> {
  if (flags.session !== undefined) {
    const session = await sessions.store.find(flags.session)
    if (session === null || session.deleted_us !== null)
      throw new CommandError(`there is no session "${flags.session.slice(0, 60)}"`)
    return session
  }
  if (!flags.continue) return null
  const { lastIn } = await import('../chat/conversation.ts')
  const last = await lastIn(io.cwd, sessions)
  if (last === null) throw new CommandError(`there is no conversation of ${io.cwd} yet: metis chat begins one`)
  return last
}

/** For scripts: the answer on stdout and nothing else; what went wrong is one line on stderr and exit 1. */
async function answerOnce(conversation: Conversation, asked: string, json: boolean, io: Io): Promise<number> {
  const [{ printable, parseTyped }, { turnJson }] = await Promise.all([
    import('../chat/words.ts'),
    import('../../../src/serve/session-answers.ts'),
  ])
  const typed = parseTyped(asked)
  const [text, model] = typed.kind === 'say' ? [typed.text, typed.model] : [asked, null]
  const cancel = (): void => void conversation.cancel()
  process.once('SIGINT', cancel)
  try {
    const { turnId, answer } = await conversation.say(text, model, {
      text: (piece) => json || io.write(io.interactive ? printable(piece) : piece),
      thinking: () => undefined,
    })
    io.out(json ? JSON.stringify(turnJson(conversation.id ?? '', turnId, answer)) : '')
    return 0
  } finally {
    process.off('SIGINT', cancel)
  }
}

async function talkAt(conversation: Conversation, context: NodeContext, io: Io): Promise<void> {
  const [{ talk }, { totalsLine }] = await Promise.all([import('../chat/terminal.ts'), import('../chat/words.ts')])
  const who = conversation.model() ?? context.config.defaultModel ?? 'routing decides'
  io.err(`metis chat · ${who} · /help`)
  await talk(conversation, { input: io.stdin, output: process.stdout, colour: io.env['NO_COLOR'] === undefined })
  if (conversation.id === null) return
  io.err(`${totalsLine(await conversation.totals())}; metis chat --session ${conversation.id} goes on`)
}
