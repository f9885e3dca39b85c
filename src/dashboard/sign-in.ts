// The page that serve shows in the dashboard's place until it has the admin token: the token for a cookie, then the dashboard.
import { applyTheme, storedTheme } from './theme.ts'

applyTheme(storedTheme())

const form = document.querySelector<HTMLFormElement>('#sign-in')
const field = document.querySelector<HTMLInputElement>('#token')
const outcome = document.querySelector('#outcome')

form?.addEventListener('submit', (event) => {
  event.preventDefault()
  void signIn(field?.value ?? '').then((message) => {
    if (message === null) location.reload()
    else if (outcome !== null) outcome.textContent = message
  })
})

/** null = signed in; else why not. */
async function signIn(token: string): Promise<string | null> {
  try {
    const answer = await fetch('/admin/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    })
    if (answer.ok) return null
    const { error }: { error: { message: string } } = await answer.json()
    return error.message
  } catch {
    return 'Serve does not answer. Is it running?'
  }
}
