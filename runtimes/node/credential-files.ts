// Google's variable names a file where there are files; the core, which knows none, takes what stands in it.
import { readFileSync } from 'node:fs'

type Environment = Readonly<Record<string, string | undefined>>

const variables = ['METIS_GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_APPLICATION_CREDENTIALS']

/** A path that cannot be read stays as it is: whether that is a fault depends on what else is configured. */
export function withCredentialFiles(env: Environment): Environment {
  const found = variables.flatMap((name) => {
    const value = env[name]?.trim()
    return value === undefined || value === '' || value.startsWith('{') ? [] : [[name, contentOf(value)] as const]
  })
  return found.length === 0 ? env : { ...env, ...Object.fromEntries(found) }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return path
  }
}
