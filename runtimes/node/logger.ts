// Structured lines on stderr: JSON for machines, one short line for people. Every value passes the redactor.
import { styleText } from 'node:util'
import type { Logger, LogLevel } from '../../src/services.ts'

const rank: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }
const colours = { debug: 'gray', info: 'cyan', warn: 'yellow', error: 'red' } as const

export interface LoggerOptions {
  readonly level: LogLevel
  readonly format: 'pretty' | 'json'
  readonly redact: (text: string) => string
  readonly write: (line: string) => void
  /** Colours, when `write` goes to a terminal. */
  readonly colour: boolean
}

export function createLogger(options: LoggerOptions): Logger {
  return {
    log(level, message, fields = {}, details = {}) {
      if (rank[level] < rank[options.level]) return
      const time = new Date().toISOString()
      const line =
        options.format === 'json'
          ? JSON.stringify({ time, level, message, ...fields, ...details })
          : pretty(time, level, message, fields, options.colour)
      options.write(`${options.redact(line)}\n`)
    },
  }
}

function pretty(
  time: string,
  level: LogLevel,
  message: string,
  fields: Readonly<Record<string, unknown>>,
  colour: boolean,
): string {
  const tail = Object.entries(fields)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const word = level.padEnd(5)
  return [time.slice(11, 23), colour ? styleText(colours[level], word) : word, message, ...tail].join(' ')
}
