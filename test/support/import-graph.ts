// Every import of our own sources, read from the text: what the architecture test judges.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Import {
  /** Paths relative to the repository, with `/`. */
  readonly from: string
  /** A path of ours, or a package's name with its subpath, or `node:…`. */
  readonly to: string
  readonly ours: boolean
  readonly typeOnly: boolean
  readonly dynamic: boolean
}

export interface SourceFile {
  readonly path: string
  readonly text: string
  readonly imports: readonly Import[]
}

/** All .ts files under a folder; empty when the folder does not exist. */
export function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.includes('.gen.'))
    .map((entry) => {
      const path = relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/')
      const text = readFileSync(join(root, path), 'utf8')
      return { path, text, imports: importsOf(path, text) }
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

// Statements stand at column 0 (the formatter sees to it); what a list of names cannot hold (`=`, `(`, quotes) ends the match.
const staticImport = /^(?:import|export)\s+(type\s)?(?:[\w$*{}\s,]*?\sfrom\s+)?'([^'\n]+)'/gm
const dynamicImport = /\bimport\(\s*'([^'\n]+)'\s*\)/g

export function importsOf(path: string, text: string): Import[] {
  const imports: Import[] = []
  const add = (specifier: string, typeOnly: boolean, dynamic: boolean): void => {
    const ours = specifier.startsWith('.')
    const to = ours ? normalize(join(dirname(path), specifier)).replaceAll('\\', '/') : specifier
    imports.push({ from: path, to, ours, typeOnly, dynamic })
  }
  for (const match of text.matchAll(staticImport)) add(match[2] ?? '', match[1] !== undefined || namesOnlyTypes(match[0]), false)
  for (const match of text.matchAll(dynamicImport)) add(match[1] ?? '', false, true)
  return imports
}

/** `import { type A, type B } from` imports nothing at run time that we would count. */
function namesOnlyTypes(statement: string): boolean {
  const names = /\{([^}]*)\}/.exec(statement)?.[1]
  if (names === undefined) return false
  const list = names.split(',').filter((name) => name.trim() !== '')
  return list.length > 0 && list.every((name) => name.trim().startsWith('type '))
}

/** Circles, each as the path that closes it. */
export function circles(files: readonly SourceFile[]): string[][] {
  const edges = new Map(files.map((file) => [file.path, file.imports.filter((i) => i.ours).map((i) => i.to)]))
  const done = new Set<string>()
  const found: string[][] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start !== -1) {
      found.push([...trail.slice(start), path])
      return
    }
    if (done.has(path)) return
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return found
}
