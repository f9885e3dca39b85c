// Embeddings of the demo provider: the same text always has the same small vector, of length 1, and no meaning.
import { isObject, jsonOf } from '../../protocols/wire.ts'
import { sha256Hex } from '../../lib/identifiers.ts'
import { estimateTokens } from '../../lib/tokens.ts'

const dimensions = 8

/** @param body `input` is a text, a list of texts or of tokens; null = it cannot be read */
export function demoEmbeddings(body: string): string | null {
  const request = jsonOf(body)
  const { model, input, encoding_format: format } = isObject(request) ? request : {}
  if (typeof input !== 'string' && !Array.isArray(input)) return null
  // A list of numbers is one text in tokens.
  const inputs: readonly unknown[] = Array.isArray(input) && typeof input[0] !== 'number' ? input : [input]
  const data = inputs.map((text, index) => {
    const vector = vectorOf(JSON.stringify(text))
    return { object: 'embedding', index, embedding: format === 'base64' ? base64Of(vector) : [...vector] }
  })
  const tokens = inputs.reduce<number>((sum, text) => sum + tokensOf(text), 0)
  return JSON.stringify({ object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } })
}

function tokensOf(input: unknown): number {
  return Array.isArray(input) ? input.length : Math.max(1, estimateTokens(String(input).length))
}

function vectorOf(text: string): Float32Array {
  const hash = sha256Hex(text)
  const raw = Array.from({ length: dimensions }, (_, at) => Number.parseInt(hash.slice(at * 4, at * 4 + 4), 16) / 0x8000 - 1)
  const length = Math.hypot(...raw)
  return Float32Array.from(raw, (value) => value / length)
}

// The SDKs ask for this form: little-endian floats.
function base64Of(vector: Float32Array): string {
  const view = new DataView(new ArrayBuffer(vector.length * 4))
  for (const [at, value] of vector.entries()) view.setFloat32(at * 4, value, true)
  return btoa(String.fromCharCode(...new Uint8Array(view.buffer)))
}
