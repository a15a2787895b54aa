/** What the person likes on every browser. */

import { signal } from '@preact/signals'
import type { Preferences } from '../wire/messages.gen'
import * as rest from '../wire/rest'
import { problem } from './store'

export interface Likes {
  readonly favourites: readonly string[]
  readonly notify: boolean
}

const NOTHING: Likes = { favourites: [], notify: false }
const MOST_FAVOURITES = 30

export const likes = signal<Likes>(NOTHING)

export async function loadLikes(): Promise<void> {
  try {
    const found = await rest.get<Preferences>('/api/preferences')
    likes.value = { ...NOTHING, ...found }
  } catch {
    // Favourites and notifications are a comfort; the page works without.
  }
}

export function forgetLikes(): void {
  likes.value = NOTHING
}

export function toggleFavourite(code: string): void {
  const { favourites } = likes.value
  const others = favourites.filter(each => each !== code)
  void save({ favourites: others.length < favourites.length ? others : [...others, code].slice(-MOST_FAVOURITES) })
}

/** Asks the browser for its consent before notifications are switched on. */
export async function setNotify(wanted: boolean): Promise<void> {
  const allowed = wanted && 'Notification' in window && await Notification.requestPermission() === 'granted'
  await save({ notify: allowed })
}

async function save(changes: Partial<Likes>): Promise<void> {
  const before = likes.value
  likes.value = { ...before, ...changes }
  try {
    await rest.send('PUT', '/api/preferences', likes.value)
  } catch {
    likes.value = before
    problem.value = 'error.offline'
  }
}
