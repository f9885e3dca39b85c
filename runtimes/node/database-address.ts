// Where the database is, as a user names it: a file, or a Postgres. What is shown of an address never holds its password.
import { resolve } from 'node:path'
import { StoreError } from '../../src/store/store-error.ts'

export type DatabaseAddress =
  | { readonly kind: 'sqlite'; readonly path: string; readonly shown: string }
  | {
      readonly kind: 'postgres'
      /** With its password: for the driver alone. */
      readonly url: string
      readonly shown: string
      /** What no log may hold. */
      readonly secrets: readonly string[]
    }

/** @throws StoreError for a URL that cannot be read; the message does not repeat it */
export function databaseAddressOf(given: string): DatabaseAddress {
  if (!/^postgres(?:ql)?:\/\//i.test(given)) {
    const path = resolve(given)
    return { kind: 'sqlite', path, shown: path }
  }
  const url = parsed(given)
  const passwords = [url.password, url.searchParams.get('password') ?? '']
  return {
    kind: 'postgres',
    url: given,
    shown: shownOf(url),
    secrets: passwords.flatMap((password) => (password === '' ? [] : [password, decoded(password)])),
  }
}

function parsed(given: string): URL {
  try {
    return new URL(given)
  } catch {
    // A socket's folder in the query leaves the host empty, which a URL with a user cannot have.
    try {
      return new URL(given.replace('@/', '@localhost/'))
    } catch {
      throw new StoreError(
        'the Postgres URL cannot be read',
        'write it as postgres://USER:PASSWORD@HOST:5432/DATABASE, with signs such as @ and / in the password percent-encoded',
      )
    }
  }
}

function shownOf(url: URL): string {
  const user = url.username === '' ? '' : `${url.username}@`
  return `postgres://${user}${url.searchParams.get('host') ?? url.host}${url.pathname}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
