// `*` stands for any run of characters, everything else for itself.

/** Linear in both lengths: no regular expression is built from user text. */
export function matchesGlob(pattern: string, text: string): boolean {
  const [head = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return pattern === text
  const tail = rest.pop() ?? ''
  if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false
  let position = head.length
  for (const part of rest) {
    const found = text.indexOf(part, position)
    if (found < 0 || found + part.length > text.length - tail.length) return false
    position = found + part.length
  }
  return true
}
