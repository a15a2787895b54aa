/** How the board writes its numbers, and what it calls queues and agents. */

import { figure, local, t } from '../../i18n'
import { legend } from '../../state/board'
import { clockFace } from '../../state/time'
import type { QueueNumbers, QueueRow } from '../../wire/messages.gen'

export function seconds(value: number | null | undefined): string {
  return value == null ? t('board.none') : clockFace(value)
}

export function percent(value: number | null | undefined): string {
  return value == null ? t('board.none') : `${figure(100 * value, 0)}%`
}

export function queueTitle(queue: string): string {
  const target = legend.value.value?.targets.find(each => each.queue === queue)
  return target === undefined ? queue : local(target.title)
}

export function agentName(agentId: string): string {
  return legend.value.value?.names[agentId] ?? agentId
}

/** `80% / 20 s`, or the words for none. */
export function targetOf(queue: string): string {
  const target = legend.value.value?.targets.find(each => each.queue === queue)
  return target === undefined ? '' : t('board.target', { percent: target.percent, seconds: target.seconds })
}

export type Mood = 'good' | 'near' | 'bad' | 'none'

/** How a queue's service level stands against what it is to reach. */
export function mood(queue: string, numbers: QueueNumbers | undefined): Mood {
  const target = legend.value.value?.targets.find(each => each.queue === queue)
  if (target === undefined || numbers?.service_level == null) return 'none'
  const level = 100 * numbers.service_level
  if (level >= target.percent) return 'good'
  return level >= target.percent - 10 ? 'near' : 'bad'
}

const TALKING = ['ringing', 'on_call', 'on_hold', 'wrap_up'] as const

/** Agents who are free, with a call, and paused. */
export function staff(row: QueueRow): { free: number, busy: number, paused: number } {
  const count = (state: keyof QueueRow['agents']) => row.agents[state] ?? 0
  return {
    free: count('available'),
    busy: TALKING.reduce((sum, each) => sum + count(each), 0),
    paused: count('paused'),
  }
}

/** Since when the one who waits longest has waited. */
export function longestSince(row: QueueRow, at: number): number | null {
  return row.waiting > 0 ? at - row.longest_wait : null
}
