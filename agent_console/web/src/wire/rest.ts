/** The few HTTP requests of the page. The CSRF token lives in memory only. */

import type { LanguageChoice, Problem, SessionView, SignIn, TicketView } from './messages.gen'

export class Refused extends Error {
  readonly status: number
  readonly textKey: string

  constructor(status: number, textKey: string) {
    super(`${status} ${textKey}`)
    this.status = status
    this.textKey = textKey
  }
}

let csrf = ''

async function request(method: string, path: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = {}
  if (csrf !== '') headers['X-CSRF-Token'] = csrf
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' }
  if (body !== undefined) {
    headers['Content-Type'] = 'application/json'
    init.body = JSON.stringify(body)
  }
  const response = await fetch(path, init)
  if (!response.ok) {
    const problem = await response.json().catch(() => null) as Problem | null
    throw new Refused(response.status, problem?.text_key ?? 'error.internal')
  }
  return response
}

async function session(response: Response): Promise<SessionView> {
  const view = await response.json() as SessionView
  csrf = view.csrf
  return view
}

/** Returns who is signed in, or `null`. */
export async function whoAmI(): Promise<SessionView | null> {
  const response = await request('GET', '/api/session')
  return response.status === 204 ? null : session(response)
}

export async function signIn(body: SignIn): Promise<SessionView> {
  return session(await request('POST', '/api/session', body))
}

export async function signOut(): Promise<void> {
  await request('DELETE', '/api/session')
  csrf = ''
}

export async function setLanguage(body: LanguageChoice): Promise<void> {
  await request('PUT', '/api/session/language', body)
}

export async function socketTicket(): Promise<string> {
  const response = await request('POST', '/api/socket-ticket')
  return (await response.json() as TicketView).ticket
}
