/** The board's alarms: what stands comes with its pictures; sound only for those who want it. */

import { computed, effect, signal } from '@preact/signals'
import type { AlarmLine } from '../wire/messages.gen'
import * as rest from '../wire/rest'
import { behind, lookBehind, picture } from './board'
import { keep, kept } from './kept'
import { Resource } from './resource'
import { problem } from './store'

export const standing = computed<readonly AlarmLine[]>(() => picture.value?.alarms ?? [])
export const unseen = computed(() => standing.value.filter(each => each.acknowledged_at === null))
export const alarmLog = new Resource<readonly AlarmLine[]>(() => rest.get('/api/alarms?limit=200'))
/** Whether the list of alarms stands beside the board. */
export const logOpen = signal(false)
export const sound = signal(kept('alarm-sound') === 'on')
/** Ids of alarms whose acknowledgement is on its way. */
export const sending = signal<ReadonlySet<string>>(new Set())

export function showLog(open: boolean): void {
  if (open) lookBehind(null)
  logOpen.value = open
}

/** One panel beside the board is enough. */
effect(() => {
  if (behind.value !== null) logOpen.value = false
})

export async function acknowledge(alarm: AlarmLine): Promise<void> {
  sending.value = new Set([...sending.value, alarm.alarm_id])
  try {
    await rest.send('POST', `/api/alarms/${encodeURIComponent(alarm.alarm_id)}/acknowledgement`)
    problem.value = null
  } catch (error) {
    problem.value = error instanceof rest.Refused ? error.textKey : 'error.offline'
  }
  const left = new Set(sending.value)
  left.delete(alarm.alarm_id)
  sending.value = left
  if (logOpen.value) void alarmLog.refresh()
}

// --- sound ------------------------------------------------------------------------------------

let speaker: AudioContext | null = null

export function setSound(wanted: boolean): void {
  sound.value = wanted
  keep('alarm-sound', wanted ? 'on' : null)
  if (wanted) chime(false)
}

/** Two soft tones; three for what is critical. */
function chime(critical: boolean): void {
  speaker ??= new AudioContext()
  void speaker.resume()
  const tones = critical ? [587, 587, 784] : [523, 659]
  tones.forEach((pitch, place) => {
    if (speaker === null) return
    const begin = speaker.currentTime + place * 0.22
    const tone = speaker.createOscillator()
    const volume = speaker.createGain()
    tone.frequency.value = pitch
    volume.gain.setValueAtTime(0, begin)
    volume.gain.linearRampToValueAtTime(0.12, begin + 0.03)
    volume.gain.exponentialRampToValueAtTime(0.001, begin + 0.4)
    tone.connect(volume).connect(speaker.destination)
    tone.start(begin)
    tone.stop(begin + 0.45)
  })
}

let known: ReadonlySet<string> | null = null
effect(() => {
  if (picture.value === null) return
  const now = unseen.value
  const fresh = known === null ? [] : now.filter(each => !known?.has(each.alarm_id))
  known = new Set(now.map(each => each.alarm_id))
  if (sound.peek() && fresh.length > 0) chime(fresh.some(each => each.severity === 'critical'))
})
