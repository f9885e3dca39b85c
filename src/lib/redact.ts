// Secrets out of text before it is logged, stored or answered (reliability.md §5): the values we know, then everything that
// looks like one.

const MASK = '[redacted]'

const patterns: readonly RegExp[] = [
  /\b(?:sk|rk|pk)-[A-Za-z0-9_-]{8,}/g,
  /\bgw_[0-9A-HJKMNP-TV-Za-z]{20,}/g,
  /\bBearer\s+[^\s"',;]+/gi,
  /\bAIza[0-9A-Za-z_-]{20,}/g,
  /\bgsk_[0-9A-Za-z]{16,}/g,
  /\bxai-[0-9A-Za-z]{16,}/g,
  /([?&](?:api[_-]?key|key|token|access_token)=)[^\s&"']+/gi,
  /\b(?:org|acct|proj)[-_][A-Za-z0-9]{8,}/g,
]

/** @param secrets every configured credential; shorter than six characters are ignored, they would mask ordinary words */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const known = [...new Set(secrets.filter((secret) => secret.length >= 6).flatMap(formsOf))].sort((a, b) => b.length - a.length)
  return (text) => {
    let clean = text
    for (const secret of known) clean = clean.split(secret).join(MASK)
    for (const pattern of patterns)
      clean = clean.replace(pattern, (_match, prefix: unknown) => (typeof prefix === 'string' ? prefix + MASK : MASK))
    return clean
  }
}

/** As it is, URL-encoded, and base64 with and without padding. */
function formsOf(secret: string): string[] {
  const base64 = btoa(String.fromCharCode(...new TextEncoder().encode(secret)))
  return [secret, encodeURIComponent(secret), base64, base64.replace(/=+$/, '')]
}
