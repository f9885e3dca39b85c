// What images and files cost a prompt, guessed from the request's own bytes (translation.md §6): their base64 is not text.

/** Flat, whatever its size. */
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
