// YAML with the place of each fault, and of each value, in the text.
import { LineCounter, isNode, parseDocument } from 'yaml'

export interface YamlFault {
  /** 1-based. */
  readonly line: number
  readonly column: number
  readonly message: string
}

export interface ReadYaml {
  readonly content: unknown
  readonly faults: readonly YamlFault[]
  /** Of the value at this path, or of the nearest one around it. */
  placeOf(path: readonly PropertyKey[]): { readonly line: number; readonly column: number }
}

export function readYaml(text: string): ReadYaml {
  const lineCounter = new LineCounter()
  const placeAt = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  // Not `prettyErrors`: they show the line, and a line may hold a key.
  const document = parseDocument(text, { prettyErrors: false, lineCounter })
  const faults = document.errors.map((fault) => ({ ...placeAt(fault.pos[0]), message: fault.message }))
  const placeOf: ReadYaml['placeOf'] = (path) => {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
      if (isNode(node) && node.range) return placeAt(node.range[0])
    }
    return { line: 1, column: 1 }
  }
  if (faults.length > 0) return { content: null, faults, placeOf }
  try {
    return { content: document.toJS(), faults, placeOf }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { content: null, faults: [{ line: 1, column: 1, message }], placeOf }
  }
}
