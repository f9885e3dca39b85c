// The configuration file as an object → checked against the one schema, with `${NAME}` taken from the environment first.
import * as z from 'zod'
import { ConfigError, type ConfigIssue } from './errors.ts'
import { configFile, type ConfigFile } from './schema.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** @throws ConfigError with every fault of the file */
export function parseConfigFile(file: unknown, env: Environment): ConfigFile {
  const issues: ConfigIssue[] = []
  const substituted = substitute(file ?? {}, env, [], issues)
  if (issues.length > 0) throw new ConfigError(issues)
  const parsed = configFile.safeParse(substituted)
  if (parsed.success) return parsed.data
  throw new ConfigError(parsed.error.issues.flatMap(issuesOf))
}

function substitute(value: unknown, env: Environment, path: readonly string[], issues: ConfigIssue[]): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
      const found = env[name]
      if (found !== undefined && found !== '') return found
      issues.push({
        path: path.join('.'),
        message: `the environment variable ${name} is not set; set it, write the value here, or remove this entry`,
      })
      return ''
    })
  }
  if (Array.isArray(value)) return value.map((item, index) => substitute(item, env, [...path, String(index)], issues))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substitute(item, env, [...path, key], issues)]))
}

function issuesOf(issue: z.core.$ZodIssue): ConfigIssue[] {
  const path = issue.path.map(String)
  const at = path.join('.')
  if (issue.code === 'unrecognized_keys') {
    const allowed = allowedKeys(path)
    return issue.keys.map((key) => ({
      path: [...path, key].join('.'),
      message: `there is no such setting${allowed.length === 0 ? '' : `; allowed here: ${allowed.join(', ')}`}`,
    }))
  }
  if (issue.code === 'invalid_key')
    return [{ path: at, message: `not a name: ${issue.issues.map((one) => one.message).join('; ')}` }]
  return [{ path: at, message: lowerFirst(issue.message) }]
}

/** The keys of the schema's object at `path`; records lead on under any key. */
function allowedKeys(path: readonly string[]): readonly string[] {
  let at: unknown = z.toJSONSchema(configFile, { io: 'input' })
  for (const key of path) {
    const schema = jsonObject.safeParse(at).data
    at = schema?.properties?.[key] ?? schema?.additionalProperties
  }
  return Object.keys(jsonObject.safeParse(at).data?.properties ?? {})
}

const jsonObject = z.object({
  properties: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.unknown().optional(),
})

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
