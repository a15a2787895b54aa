/** The message of a caller that is being heard: one at a time, and none while a call rings. */

import { signal } from '@preact/signals'
import type { FollowUpLine } from '../wire/messages.gen'
import { phase, watch } from './store'

export interface Heard {
  readonly followUpId: string
  readonly playing: boolean
  /** Seconds. */
  readonly at: number
  readonly failed: boolean
}

export const heard = signal<Heard | null>(null)
let sound: HTMLAudioElement | null = null

/** Begins to play a message, goes on, or pauses. */
export function toggle(line: FollowUpLine): void {
  const known = heard.peek()
  if (known?.followUpId !== line.follow_up_id || known.failed) open(line.follow_up_id)
  if (sound === null) return
  if (sound.paused) void sound.play().catch(() => undefined)
  else sound.pause()
}

/** Goes to that second of the message that is open. */
export function seek(seconds: number): void {
  if (sound === null) return
  sound.currentTime = seconds
  told(sound)
}

/** Ends it, and forgets which one it was. */
export function closeVoice(): void {
  sound?.pause()
  sound?.removeAttribute('src')
  sound = null
  heard.value = null
}

function open(followUpId: string): void {
  closeVoice()
  const made = new Audio(`/api/follow-ups/${encodeURIComponent(followUpId)}/message`)
  sound = made
  heard.value = { followUpId, playing: false, at: 0, failed: false }
  for (const kind of ['play', 'pause', 'timeupdate', 'ended'] as const) made.addEventListener(kind, () => told(made))
  made.addEventListener('error', () => { if (made === sound) change({ playing: false, failed: true }) })
}

function told(from: HTMLAudioElement): void {
  if (from === sound) change({ playing: !from.paused && !from.ended, at: from.ended ? 0 : from.currentTime })
}

function change(to: Partial<Heard>): void {
  if (heard.value !== null) heard.value = { ...heard.value, ...to }
}

// Nobody hears two people at once.
watch(message => { if (message.type === 'pop_raised') sound?.pause() })
phase.subscribe(now => { if (now === 'signed_out') closeVoice() })
