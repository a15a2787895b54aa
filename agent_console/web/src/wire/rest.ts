/** The few HTTP requests of the page. The CSRF token lives in memory only. */

import type { CallWork, LanguageChoice, Problem, SessionView, SignIn, TicketView, Unmasked, UnmaskOrder, WorkDraft } from './messages.gen'

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

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

async function request(method: Method, path: string, body?: unknown, extra: RequestInit = {}): Promise<Response> {
  const headers: Record<string, string> = {}
  if (csrf !== '') headers['X-CSRF-Token'] = csrf
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store', ...extra }
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

/** Returns the JSON answer of a question; throws `Refused`. */
export async function get<T>(path: string): Promise<T> {
  return await (await request('GET', path)).json() as T
}

/** Returns a file; throws `Refused`. */
export async function file(path: string): Promise<Blob> {
  return await (await request('GET', path)).blob()
}

/** Changes something; returns the JSON answer, if there is one. */
export async function send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T | null> {
  const response = await request(method, path, body)
  return response.status === 204 ? null : await response.json() as T
}

/** Sends a file as it is. */
export async function upload(path: string, file: File): Promise<void> {
  await request('POST', path, undefined, { body: file })
}

const workOf = (callId: string) => `/api/calls/${encodeURIComponent(callId)}/work`

export const callWork = (callId: string) => get<CallWork>(workOf(callId))

/** Stores a version of the paperwork; goes on even when the page is being left. */
export async function saveCallWork(callId: string, draft: WorkDraft): Promise<CallWork> {
  return await (await request('PUT', workOf(callId), draft, { keepalive: true })).json() as CallWork
}

export async function socketTicket(): Promise<string> {
  const response = await request('POST', '/api/socket-ticket')
  return (await response.json() as TicketView).ticket
}

/** Asks for the whole value of what is masked; the reason stands in the audit. Throws `Refused`. */
export async function unmask(callId: string, order: UnmaskOrder): Promise<Unmasked> {
  return await (await request('POST', `/api/calls/${encodeURIComponent(callId)}/unmask`, order)).json() as Unmasked
}
