// What the documents of this repository hold: fenced blocks, headings, links.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { root } from './import-graph.ts'

export interface Block {
  /** The whole info string: `sh`, `sh no-run`, `yaml`. */
  readonly info: string
  readonly text: string
  readonly file: string
  /** Of the opening fence, from 1. */
  readonly line: number
}

export interface Document {
  readonly file: string
  readonly text: string
  readonly blocks: readonly Block[]
  /** As GitHub makes them from headings. */
  readonly anchors: ReadonlySet<string>
  readonly links: readonly string[]
}

export function documents(): readonly Document[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
  return ['README.md', 'CONTRIBUTING.md', ...docs.sort()].map(documentOf)
}

function documentOf(file: string): Document {
  const text = readFileSync(join(root, file), 'utf8')
  const fence = /^```([^\n]*)\n([\s\S]*?)^```$/gm
  const blocks = [...text.matchAll(fence)].map((match) => ({
    info: (match[1] ?? '').trim(),
    text: match[2] ?? '',
    file,
    line: text.slice(0, match.index).split('\n').length,
  }))
  const prose = text.replaceAll(fence, '')
  return {
    file,
    text,
    blocks,
    anchors: new Set([...prose.matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1] ?? ''))),
    links: [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? ''),
  }
}

function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}
