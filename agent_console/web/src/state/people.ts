/** Who is signed in where; everybody sees and ends their own browsers, those in charge the others', too. */

import { computed, signal } from '@preact/signals'
import type { ArticleEditor, EditorDepartments, PersonSessions, SessionLine } from '../wire/messages.gen'
import * as rest from '../wire/rest'
import { Resource } from './resource'
import { me, problem } from './store'

export const MOST_SHOWN = 200

export const people = new Resource<readonly PersonSessions[]>(() => rest.get('/api/users'))
/** Login of the person who is looked at; `null`: oneself. */
export const looked = signal<string | null>(null)
export const whose = computed(() => looked.value ?? me.value?.login ?? '')
export const sessions = new Resource<readonly SessionLine[]>(() => rest.get(path(whose.peek())))
/** Only administrators ask. */
export const editors = new Resource<readonly ArticleEditor[]>(() => rest.get('/api/knowledge/editors'))
export const person = computed(() => people.value.value?.find(each => each.login === whose.value) ?? null)
export const mayEnd = computed(() => whose.value === me.value?.login || person.value?.may_end === true)

const path = (login: string) => login === me.peek()?.login ? '/api/sessions' : `/api/users/${encodeURIComponent(login)}/sessions`

export function lookAt(login: string): void {
  looked.value = login
  sessions.forget()
  void sessions.refresh()
}

/** Ends these browsers of the person who is looked at; their pages close at once. */
export async function endSessions(ids: readonly string[]): Promise<void> {
  const place = path(whose.peek())
  await attempt(async () => {
    for (const id of ids) await rest.send('DELETE', `${place}/${encodeURIComponent(id)}`)
  })
  await sessions.refresh()
  if (people.value.peek() !== null) await people.refresh()
}

export async function setDepartments(login: string, departments: readonly string[]): Promise<void> {
  const body: EditorDepartments = { departments: [...departments] }
  await attempt(() => rest.send('PUT', `/api/knowledge/editors/${encodeURIComponent(login)}`, body))
  await editors.refresh()
}

export function forgetPeople(): void {
  looked.value = null
  for (const each of [people, sessions, editors]) each.forget()
}

/** What a browser calls itself, short: `Chrome · Windows`. */
export function device(userAgent: string): string {
  const browser = [['Edg/', 'Edge'], ['Firefox/', 'Firefox'], ['Chrome/', 'Chrome'], ['Safari/', 'Safari']]
    .find(([sign]) => userAgent.includes(sign ?? ''))?.[1]
  const system = [['Windows', 'Windows'], ['Android', 'Android'], ['iPhone', 'iOS'], ['iPad', 'iOS'], ['Mac OS', 'macOS'], ['Linux', 'Linux']]
    .find(([sign]) => userAgent.includes(sign ?? ''))?.[1]
  const known = [browser, system].filter(each => each !== undefined)
  return known.length > 0 ? known.join(' · ') : userAgent.slice(0, 40)
}

async function attempt(ask: () => Promise<unknown>): Promise<void> {
  try {
    await ask()
    problem.value = null
  } catch (error) {
    problem.value = error instanceof rest.Refused ? error.textKey : 'error.offline'
  }
}
