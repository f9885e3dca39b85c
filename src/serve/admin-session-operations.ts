// Signing in with the admin token, as /openapi.json describes it.
import * as z from 'zod'
import { errorResponse, type Operation } from './openapi.ts'

export const signInBody = z.strictObject({ token: z.string().min(1).max(1000) })

const cookie = (description: string) => ({
  description,
  headers: { 'Set-Cookie': { description: 'metis_session; under TLS __Host-metis_session.' } },
})

export const adminSessionOperations = {
  signIn: {
    method: 'post',
    path: '/admin/session',
    id: 'sign_in',
    summary: 'Gives a cookie for the admin token, good for twelve hours.',
    asks: 'nothing',
    body: signInBody,
    responses: { 204: cookie('Signed in.'), 401: errorResponse('invalid_admin_token.') },
  },
  signOut: {
    method: 'delete',
    path: '/admin/session',
    id: 'sign_out',
    summary: 'Takes the cookie back.',
    asks: 'nothing',
    responses: { 204: cookie('Signed out.') },
  },
} satisfies Record<string, Operation>
