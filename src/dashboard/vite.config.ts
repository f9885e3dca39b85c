// How the dashboard is built: two pages (itself, and the one that asks for the admin token), one style sheet each shares,
// every file under /dashboard/ with its hash in its name. `npm run dev:dashboard` serves it from source beside a running serve.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const root = fileURLToPath(new URL('.', import.meta.url))
const serve = { target: 'http://127.0.0.1:8421', changeOrigin: true }

export default defineConfig({
  root,
  base: '/dashboard/',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    // The Content-Security-Policy allows no data: URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: { dashboard: `${root}index.html`, 'sign-in': `${root}sign-in.html` } },
  },
  server: { proxy: { '/analytics': serve, '/admin': serve, '/health': serve, '/models': serve, '/server': serve } },
})
