// A Config for tests of the catalog: the named presets with a key each, and what the file adds.
import { resolveConfig } from '../../src/config/resolve.ts'
import type { Config } from '../../src/config/schema.ts'
import { presets } from '../../src/providers/presets.ts'

export function configWith(names: readonly string[], file: Record<string, unknown> = {}): Config {
  const rows = presets.filter(({ name }) => names.includes(name))
  const env: Record<string, string> = {}
  if (names.includes('azure-openai')) env['AZURE_OPENAI_RESOURCE_NAME'] = 'contoso'
  if (names.includes('bedrock')) env['AWS_REGION'] = 'us-east-1'
  if (names.includes('vertex')) env['GOOGLE_CLOUD_PROJECT'] = 'acme'
  for (const { keyVariables, auth, baseUrlVariable, baseUrl } of rows) {
    const key = keyVariables.at(-1)
    if (key !== undefined) env[key] = auth === 'google' ? serviceAccount : 'sk-test'
    if (baseUrlVariable !== undefined && typeof baseUrl === 'string') env[baseUrlVariable] = baseUrl
  }
  return resolveConfig({ file, env, presets, demo: names.includes('demo') })
}

/** Of the right form, and good for nothing. */
const serviceAccount = JSON.stringify({
  type: 'service_account',
  client_email: 'gateway@acme.iam.gserviceaccount.com',
  private_key: '-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n',
})

export const everyPreset = presets.map(({ name }) => name)
