// The one choke point for secrets on their way into an error, a log or a trace (reliability.md §5).

const mark = '[redacted]'

// Anything that looks like a credential, whoever's it is. An upstream may echo a key with its middle starred out.
const patterns: readonly (readonly [RegExp, string])[] = [
  [/\bsk-[\w*-]{8,}/g, mark],
  [/\bgw_[0-9A-Za-z]{10,}/g, mark],
  [/\bya29\.[\w.-]{8,}/g, mark],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/gs, mark],
  [/\bAIza[\w-]{20,}/g, mark],
  [/\b(?:ABSK|bedrock-api-key-)[\w+/=-]{20,}/g, mark],
  // Longer than the id of one.
  [/\bhub_[0-9A-Za-z]{40,}/g, mark],
  [/\b(Bearer\s+)[\w.~+/=*-]{8,}/gi, `$1${mark}`],
  [/([?&](?:api[-_]?key|key|access_token|token)=)[^&\s"'<>#]+/gi, `$1${mark}`],
  // With a digit somewhere: `org-wide` and `acct-holder` are words.
  [/\borg-(?=[A-Za-z]*\d)\w{6,}/g, mark],
  [/\bacct[-_](?=[A-Za-z]*\d)\w{6,}/g, mark],
]

// Shorter ones (`x`, `none` for a local server) are no secrets, and would redact half of every text.
const minSecretLength = 6

/** `secrets`: all that is configured. They are found as they are, in JSON, URL-encoded, and inside base64. */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const forms = new Set(secrets.filter((secret) => secret.length >= minSecretLength).flatMap(formsOf))
  // The longest first, so that no secret leaves the tail of one that begins like it.
  const sorted = [...forms].sort((a, b) => b.length - a.length)
  const exact = sorted.length === 0 ? null : new RegExp(sorted.map(escapeRegExp).join('|'), 'g')
  return (text) => {
    const known = exact === null ? text : text.replaceAll(exact, mark)
    return patterns.reduce((result, [pattern, replacement]) => result.replaceAll(pattern, replacement), known)
  }
}

function formsOf(secret: string): string[] {
  const url = encodeURIComponent(wellFormed(secret))
  const lowerUrl = url.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())
  return [secret, JSON.stringify(secret).slice(1, -1), url, lowerUrl, ...base64Forms(secret)]
}

/**
 * Base64 holds three bytes in four characters, so a secret inside a longer text (`user:secret`) has one of three spellings;
 * of each, the characters that the neighbours do not touch.
 */
function base64Forms(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret)
  return [0, 1, 2].flatMap((offset) => {
    const padded = new Uint8Array(offset + bytes.length)
    padded.set(bytes, offset)
    const text = btoa(String.fromCharCode(...padded))
    const whole = text.slice(Math.ceil((offset * 8) / 6), Math.floor((padded.length * 8) / 6))
    return [whole, whole.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

// encodeURIComponent throws on half a surrogate pair.
function wellFormed(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text))
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
}
