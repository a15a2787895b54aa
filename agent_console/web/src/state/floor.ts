/** What supervisors do with queues, announcements and callers, and what they look at for it. */

import { signal, type Signal } from '@preact/signals'
import type { AgentSkills, AnnouncementLine, AnnouncementView, NewAnnouncement, WaitingLine } from '../wire/messages.gen'
import * as rest from '../wire/rest'
import { Resource } from './resource'
import type { ErrorKey } from './types'

export const announcements = new Resource<AnnouncementView>(() => rest.get('/api/floor/announcements'))
export const skills = new Resource<readonly AgentSkills[]>(() => rest.get('/api/floor/skills'))
/** The queue whose callers are listed; empty: all. */
export const listed = signal('')
export const waiting = new Resource<readonly WaitingLine[]>(() =>
  rest.get(`/api/floor/waiting${listed.peek() === '' ? '' : `?queue=${encodeURIComponent(listed.peek())}`}`))

/** How an act goes: under way, refused with these words, or done. */
export interface Act {
  readonly state: 'idle' | 'busy' | 'done'
  readonly problem: ErrorKey | null
}

export const IDLE: Act = { state: 'idle', problem: null }

/** Does something and notes in `act` how it went; says whether it was done. */
export async function perform(act: Signal<Act>, work: () => Promise<unknown>): Promise<boolean> {
  act.value = { state: 'busy', problem: null }
  try {
    await work()
    act.value = { state: 'done', problem: null }
    return true
  } catch (error) {
    act.value = { state: 'idle', problem: error instanceof rest.Refused ? error.textKey : 'error.offline' }
    return false
  }
}

const queuePath = (queue: string) => `/api/floor/closed/${encodeURIComponent(queue)}`

export const closeQueue = (queue: string, reason: string) => rest.send('PUT', queuePath(queue), { reason })
export const openQueue = (queue: string) => rest.send('DELETE', queuePath(queue))
export const makeAnnouncement = (wanted: NewAnnouncement) => rest.send<AnnouncementLine>('POST', '/api/floor/announcements', wanted)
export const switchOn = (announcementId: string, reason: string) =>
  rest.send('PUT', '/api/floor/announcement', { announcement_id: announcementId, reason })
export const switchOff = () => rest.send('DELETE', '/api/floor/announcement')
export const setTeam = (agentId: string, team: string) => rest.send('PUT', `/api/floor/teams/${encodeURIComponent(agentId)}`, { team })

export function uploadAnnouncement(title: string, file: File): Promise<void> {
  const ask = new URLSearchParams({ title, file: file.name })
  return rest.upload(`/api/floor/announcements/recorded?${ask}`, file)
}

export const soundOf = (announcementId: string, language: 'zh' | 'en') =>
  `/api/floor/announcements/${encodeURIComponent(announcementId)}/sound?language=${language}`
