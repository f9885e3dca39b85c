// Token issuers as the file names them → as the gateway uses them.
import { isPrivateHost, parseUrl } from './base-url.ts'
import type { ConfigIssue } from './errors.ts'
import type { ConfigFile, IssuerConfig } from './schema.ts'

type IssuersFile = NonNullable<ConfigFile['issuers']>

/** Adds to `issues` what makes an issuer's keys forgeable on their way. */
export function resolveIssuers(file: IssuersFile, issues: ConfigIssue[]): readonly IssuerConfig[] {
  const entries = Object.entries(file)
  for (const [name, entry] of entries) {
    const where = entry.jwks_url === undefined ? 'issuer' : 'jwks_url'
    const url = parseUrl(entry.jwks_url ?? entry.issuer)
    if (url?.protocol === 'http:' && !isPrivateHost(url.hostname)) {
      issues.push({
        path: `issuers.${name}.${where}`,
        message: 'must be https: over plain http anybody could put keys of their own there',
      })
    }
    const twin = entries.find(([other, { issuer }]) => other !== name && issuer === entry.issuer)
    if (twin !== undefined) issues.push({ path: `issuers.${name}.issuer`, message: `is the issuer of "${twin[0]}" already` })
  }
  return entries.map(issuerOf)
}

function issuerOf([name, entry]: [string, IssuersFile[string]]): IssuerConfig {
  return {
    name,
    issuer: entry.issuer,
    audience: [entry.audience].flat(),
    jwksUrl: entry.jwks_url ?? null,
    userClaim: entry.user_claim ?? 'sub',
    teamClaim: entry.team_claim ?? null,
    knownUsersOnly: entry.known_users_only ?? false,
    workspace: entry.workspace ?? null,
    allowedModels: entry.allow_models ?? [],
    allowUnpriced: entry.allow_unpriced ?? false,
    requestsPerMinute: entry.rpm ?? null,
    tokensPerMinute: entry.tpm ?? null,
  }
}
