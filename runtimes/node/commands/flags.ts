// Flags: how one is declared, read and shown. A value reaches its command as it was typed (`--user 007` is no number) and is
// checked here, once.
import { microsecondsOf } from '../../../src/lib/calendar.ts'
import { parseDuration } from '../../../src/lib/duration.ts'
import { UsageError } from './faults.ts'

export interface Flag<T> {
  /** Stands for the value in --help; null = takes none. */
  readonly placeholder: string | null
  readonly help: string
  /**
   * `given`: every value, in order; empty when the flag is absent.
   * @throws UsageError for a value that cannot be meant
   */
  read(given: readonly string[], name: string): T
}

export type Flags = Readonly<Record<string, Flag<unknown>>>
export type ValuesOf<F extends Flags> = { readonly [Name in keyof F]: F[Name] extends Flag<infer T> ? T : never }

export function text(placeholder: string, help: string): Flag<string | undefined> {
  return { placeholder, help, read: (given) => given.at(-1) }
}

export function toggle(help: string): Flag<boolean> {
  return { placeholder: null, help, read: (given) => given.length > 0 }
}

export function list(placeholder: string, help: string): Flag<readonly string[]> {
  return { placeholder, help: `${help} (may be given again)`, read: (given) => given }
}

export function oneOf<const T extends string>(values: readonly T[], help: string): Flag<T | undefined> {
  return parsed(values.join('|'), help, `one of ${values.join(', ')}`, (value) => values.find((known) => known === value))
}

export function integer(placeholder: string, help: string, min: number, max: number): Flag<number | undefined> {
  return parsed(placeholder, help, `a whole number from ${min} to ${max}`, (value) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
    return number >= min && number <= max ? number : undefined
  })
}

/** A port; 0 lets the system choose. */
export function port(help: string): Flag<number | undefined> {
  return integer('PORT', help, 0, 65_535)
}

/** What nano-USD can count: 9.0 million USD. */
const mostUsd = 9_000_000

export function usd(help: string): Flag<number | undefined> {
  return parsed('USD', help, `an amount in USD such as 5 or 0.50, at most ${mostUsd}`, usdIn)
}

/** `none` takes a cap away. */
export function usdOrNone(help: string): Flag<number | 'none' | undefined> {
  const wanted = `an amount in USD such as 5 or 0.50, at most ${mostUsd}, or none`
  return parsed('USD', `${help}; none = no cap`, wanted, (value) => (value === 'none' ? value : usdIn(value)))
}

function usdIn(value: string): number | undefined {
  const amount = /^\d{1,7}(?:\.\d{1,9})?$/.test(value) ? Number(value) : Number.NaN
  return amount <= mostUsd ? amount : undefined
}

/** `none` takes a limit away. */
export function integerOrNone(placeholder: string, help: string, min: number, max: number): Flag<number | 'none' | undefined> {
  return orNone(integer(placeholder, `${help}; none = no limit`, min, max))
}

/** Milliseconds. */
export function durationOrNone(help: string): Flag<number | 'none' | undefined> {
  return orNone(duration(`${help}; none = until it is revoked`))
}

const orNone = <T>(flag: Flag<T>): Flag<T | 'none'> => ({
  ...flag,
  read: (given, name) => (given.at(-1) === 'none' ? 'none' : flag.read(given, name)),
})

/** Milliseconds. */
export function duration(help: string): Flag<number | undefined> {
  return parsed('90d', help, 'a duration such as 90d, 24h or 15m', (value) => parseDuration(value) ?? undefined)
}

/** µs since 1970. */
export function instant(help: string): Flag<number | undefined> {
  return parsed(
    'DATE',
    help,
    'a date or time in UTC such as 2026-11-23 or 2026-11-23T08:00:00Z',
    (value) => microsecondsOf(value) ?? undefined,
  )
}

/** `k=v`, any number of times. */
export function pairs(help: string): Flag<Readonly<Record<string, string>>> {
  return {
    placeholder: 'K=V',
    help: `${help} (may be given again)`,
    read: (given, name) =>
      Object.fromEntries(
        given.map((pair) => {
          const equals = pair.indexOf('=')
          if (equals < 1) throw new UsageError(`--${name} wants key=value, not "${pair}"`)
          return [pair.slice(0, equals), pair.slice(equals + 1)] as const
        }),
      ),
  }
}

function parsed<T>(
  placeholder: string,
  help: string,
  wanted: string,
  parse: (value: string) => T | undefined,
): Flag<T | undefined> {
  return {
    placeholder,
    help,
    read(given, name) {
      const value = given.at(-1)
      if (value === undefined) return undefined
      const result = parse(value)
      if (result === undefined) throw new UsageError(`--${name} wants ${wanted}, not "${value.slice(0, 80)}"`)
      return result
    },
  }
}

export const dbFlag = text('PATH|URL', 'file of the database, or postgres://… (METIS_DB; default ~/.metis/metis.db)')
export const configFlag = text('FILE', 'configuration file (default ~/.metis/config.yaml)')
export const jsonFlag = toggle('print JSON, for scripts')
