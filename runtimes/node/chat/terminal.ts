// A conversation at the terminal: a prompt, answers as they come, Ctrl-C for the answer and not for the program.
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Conversation } from './conversation.ts'
import { answerLine, helpLines, parseTyped, printable, totalsLine, type Typed } from './words.ts'

export interface Terminal {
  readonly input: Readable
  readonly output: NodeJS.WritableStream
  readonly colour: boolean
}

const PROMPT = '> '

/** Resolves when somebody leaves. */
export function talk(conversation: Conversation, { input, output, colour }: Terminal): Promise<void> {
  const lines = createInterface({ input, output, terminal: true, prompt: PROMPT, historySize: 200 })
  const waiting: string[] = []
  let begun = ''
  let busy = false
  let leaving = false
  const print = (text: string): void => void output.write(text)
  const dim = (text: string): string => (colour ? `\u001b[2m${text}\u001b[0m` : text)
  const note = (text: string): void => print(`${dim(text)}\n`)

  return new Promise((resolve) => {
    lines.on('line', (line) => {
      leaving = false
      if (line.endsWith('\\')) {
        begun += `${line.slice(0, -1)}\n`
        return
      }
      waiting.push(begun + line)
      begun = ''
      void work()
    })
    lines.on('SIGINT', () => {
      if (busy) {
        conversation.cancel()
        return
      }
      const isEmpty = lines.line === '' && begun === ''
      if (isEmpty && leaving) return lines.close()
      leaving = isEmpty
      begun = ''
      // Empties the line as a shell does.
      lines.write(null, { ctrl: true, name: 'e' })
      lines.write(null, { ctrl: true, name: 'u' })
      print('\n')
      if (isEmpty) note('Ctrl-C once more, or Ctrl-D, leaves')
      lines.prompt()
    })
    lines.on('close', () => {
      conversation.cancel()
      resolve()
    })
    lines.prompt()
  })

  async function work(): Promise<void> {
    if (busy) return
    busy = true
    try {
      for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) await follow(parseTyped(line))
    } finally {
      busy = false
      lines.prompt()
    }
  }

  async function follow(typed: Typed): Promise<void> {
    switch (typed.kind) {
      case 'nothing':
        return
      case 'quit':
        waiting.length = 0
        return lines.close()
      case 'help':
        return helpLines.forEach((line) => print(`${line}\n`))
      case 'cost':
        return print(`${totalsLine(await conversation.totals())}\n`)
      case 'history':
        return showHistory()
      case 'model':
        return changeModel(typed.name)
      case 'say':
        return say(typed.text, typed.model)
      case 'unknown':
        return note(`there is no ${typed.word}; /help lists what there is`)
      default:
        return typed satisfies never
    }
  }

  async function say(text: string, model: string | null): Promise<void> {
    let open = false
    const speaker = {
      text(piece: string) {
        open = true
        print(printable(piece))
      },
      thinking: () => note('thinking …'),
    }
    try {
      const { answer } = await conversation.say(text, model, speaker)
      print('\n')
      note(answerLine(answer))
    } catch (error) {
      if (open) print('\n')
      note(wordsOf(error))
    }
  }

  async function showHistory(): Promise<void> {
    const said = await conversation.messages()
    if (said.length === 0) return note('nothing was said yet')
    for (const { role, content, model, status } of said) {
      const who = role === 'user' ? 'you' : [model, status === 'ok' ? null : status].filter(Boolean).join(', ')
      note(who)
      print(`${printable(content)}\n`)
    }
  }

  async function changeModel(name: string | null): Promise<void> {
    try {
      if (name !== null) await conversation.setModel(name === '' ? null : name)
      print(`${conversation.model() ?? 'routing decides'}\n`)
    } catch (error) {
      note(wordsOf(error))
    }
  }
}

/** Stopped by the one who asked: no fault. */
function wordsOf(error: unknown): string {
  if (error instanceof Error && 'errorClass' in error && error.errorClass === 'CANCELLED') return 'cancelled'
  return error instanceof Error ? error.message : String(error)
}
