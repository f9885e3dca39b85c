// What a prompt costs, guessed from the request's own bytes, alike at every door (translation.md §6).
import { estimateTokens } from '../lib/tokens.ts'

const tokensPerMessage = 3
const tokensPerTool = 8

export interface PromptSizes {
  /** Of the whole body. */
  readonly bodyBytes: number
  readonly messages: number
  readonly tools: number
  readonly media: MediaSizes
}

export interface MediaSizes {
  /** Base64 text, which nobody reads as text. */
  readonly encodedCharacters: number
  readonly tokens: number
}

export function promptTokensOf({ bodyBytes, messages, tools, media }: PromptSizes): number {
  const text = Math.max(0, bodyBytes - media.encodedCharacters)
  return estimateTokens(text) + messages * tokensPerMessage + tools * tokensPerTool + media.tokens
}

/** An image, whatever its size. */
export const tokensPerImage = 1100

/** 2000 tokens a page; a page of a PDF is some 50 kB, 67 kB in base64. */
const pageTokens = 2000
const pageCharacters = 67_000

/** @param base64Length of a PDF or the like */
export function documentTokensOf(base64Length: number): number {
  return Math.max(pageTokens, Math.ceil((base64Length * pageTokens) / pageCharacters))
}

/** Ten tokens a second, and a second of compressed speech is some 10 kB in base64. */
export function audioTokensOf(base64Length: number): number {
  return Math.ceil(base64Length / 1000)
}
