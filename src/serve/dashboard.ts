// The dashboard's files, from a table in memory: there is no path into a file system here, so none can be left.

export interface DashboardFile {
  readonly type: string
  readonly body: string
  /** Needed by the page that asks for the admin token: shown to everybody. */
  readonly open?: true
}

/** By path. */
export const dashboardFiles: ReadonlyMap<string, DashboardFile> = new Map([
  ['/dashboard/', { type: 'text/html; charset=utf-8', body: overview() }],
  ['/dashboard/style.css', { type: 'text/css; charset=utf-8', body: stylesheet(), open: true }],
  ['/dashboard/sign-in.js', { type: 'text/javascript; charset=utf-8', body: signInScript(), open: true }],
])

/** What a browser gets in place of the dashboard until it has the admin token. */
export const signInPage: DashboardFile = { type: 'text/html; charset=utf-8', body: signIn() }

export function fileAnswer(file: DashboardFile, status = 200): Response {
  return new Response(file.body, {
    status,
    headers: {
      'content-type': file.type,
      'content-security-policy':
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    },
  })
}

function page(title: string, main: string, script = ''): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="stylesheet" href="/dashboard/style.css">${script}
</head>
<body>
<main>
<h1>${title}</h1>
${main}
</main>
</body>
</html>
`
}

function overview(): string {
  const links = [
    ['/analytics/cost', 'Cost by model, last 7 days'],
    ['/analytics/cost?group_by=day&window=30d', 'Cost by day, last 30 days'],
    ['/analytics/by_team', 'Spend by team'],
    ['/analytics/by_user', 'Spend by user'],
    ['/analytics/by_key', 'Spend by gateway key'],
    ['/models', 'Models'],
    ['/health', 'Health'],
  ] as const
  const items = links.map(([href, text]) => `<li><a href="${href.replaceAll('&', '&amp;')}">${text}</a></li>`)
  return page('Metis', `<nav aria-label="Data">\n<ul>\n${items.join('\n')}\n</ul>\n</nav>`)
}

function signIn(): string {
  return page(
    'Sign in to Metis',
    `<form id="sign-in">
<label for="token">Admin token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required>
<button type="submit">Sign in</button>
<p id="outcome" role="status"></p>
</form>`,
    '\n<script src="/dashboard/sign-in.js" defer></script>',
  )
}

function signInScript(): string {
  return `document.getElementById('sign-in').addEventListener('submit', async (event) => {
  event.preventDefault()
  const token = document.getElementById('token').value
  const answer = await fetch('/admin/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  })
  if (answer.ok) location.reload()
  else document.getElementById('outcome').textContent = (await answer.json()).error.message
})
`
}

function stylesheet(): string {
  return `:root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif }
main { max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
form { display: grid; gap: 0.75rem; max-width: 24rem }
input, button { font: inherit; padding: 0.4rem 0.6rem }
`
}
