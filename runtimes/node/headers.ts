// Headers over what Node already parsed: no copy, no validation of what a parser has just validated. Read-only in practice,
// but whole, so that the core sees nothing but a WHATWG `Headers`.

/** @param lines name (lower case) → value; values sent several times are joined by `, ` as Fetch says */
export function createNodeHeaders(lines: Map<string, string>): Headers {
  return new NodeHeaders(lines)
}

/** Node's `rawHeaders`: name, value, name, value … Nothing is dropped, so that a header sent twice can be seen. */
export function headerLinesOf(raw: readonly string[]): Map<string, string> {
  const lines = new Map<string, string>()
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase()
    const value = raw[index + 1] ?? ''
    const before = lines.get(name)
    lines.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return lines
}

class NodeHeaders implements Headers {
  readonly #lines: Map<string, string>

  constructor(lines: Map<string, string>) {
    this.#lines = lines
  }
  get(name: string): string | null {
    return this.#lines.get(name) ?? this.#lines.get(name.toLowerCase()) ?? null
  }
  has(name: string): boolean {
    return this.#lines.has(name.toLowerCase())
  }
  set(name: string, value: string): void {
    this.#lines.set(name.toLowerCase(), value)
  }
  append(name: string, value: string): void {
    const before = this.get(name)
    this.set(name, before === null ? value : `${before}, ${value}`)
  }
  delete(name: string): void {
    this.#lines.delete(name.toLowerCase())
  }
  getSetCookie(): string[] {
    const cookie = this.get('set-cookie')
    return cookie === null ? [] : [cookie]
  }
  forEach(callback: (value: string, name: string, parent: Headers) => void): void {
    for (const [name, value] of this.#lines) callback(value, name, this)
  }
  entries(): ReturnType<Headers['entries']> {
    return new Headers([...this.#lines]).entries()
  }
  keys(): ReturnType<Headers['keys']> {
    return new Headers([...this.#lines]).keys()
  }
  values(): ReturnType<Headers['values']> {
    return new Headers([...this.#lines]).values()
  }
  [Symbol.iterator](): ReturnType<Headers['entries']> {
    return this.entries()
  }
}
