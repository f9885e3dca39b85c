// The dashboard's files, from a table in memory: there is no path into a file system here, so none can be left.
import { assets, type Asset } from '../dashboard/assets.gen.ts'

export interface DashboardFile extends Asset {
  /** Shown to everybody: programs and styles, in which nothing is anybody's. */
  readonly open: boolean
}

/** By path; each page once, under the path that people know. */
export const dashboardFiles: ReadonlyMap<string, DashboardFile> = new Map<string, DashboardFile>([
  ['/dashboard/', { ...page('index'), open: false }],
  ...[...assets].filter(([path]) => !path.endsWith('.html')).map(([path, asset]) => [path, { ...asset, open: true }] as const),
])

/** What a browser gets in place of the dashboard until it has the admin token. */
export const signInPage: DashboardFile = { ...page('sign-in'), open: true }

function page(name: string): Asset {
  const asset = assets.get(`/dashboard/${name}.html`)
  if (asset === undefined) throw new Error(`the dashboard was built without ${name}.html`)
  return asset
}

export function fileAnswer(file: DashboardFile, request: Request, status = 200): Response {
  const headers = {
    'content-security-policy':
      "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    // Asked again each time, and answered in no bytes while it is the same.
    'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
  }
  // A page that asks for the token must not be what is found when there is a session.
  if (status !== 200) return new Response(file.body, { status, headers: { ...headers, 'content-type': file.type } })
  const known = { ...headers, etag: file.etag }
  if (isKnown(request, file.etag)) return new Response(null, { status: 304, headers: known })
  return new Response(file.body, { status, headers: { ...known, 'content-type': file.type } })
}

/** A proxy that compresses on the way makes a tag weak; for these texts that is the same. */
function isKnown(request: Request, etag: string): boolean {
  const tags = (request.headers.get('if-none-match') ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag)
}
