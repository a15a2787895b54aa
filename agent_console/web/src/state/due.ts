/** Promises that are due: told by the server's list, so that neither a reload nor a lost line hides one. */

import { computed, effect } from '@preact/signals'
import type { FollowUpLine } from '../wire/messages.gen'
import { t } from '../i18n'
import { change, followUps } from './day'
import { likes } from './preferences'
import { live, phase, visible, watch } from './store'
import { now } from './time'
import { show } from './view'

export const SNOOZE_S = 600

/** Open and due, the one that waits longest first. */
export const due = computed<readonly FollowUpLine[]>(() => (followUps.value.value ?? [])
  .filter(each => each.done_at === null && each.due_at <= now.value)
  .sort((one, other) => one.due_at - other.due_at))

/** Shows the promise in the person's list. */
export function openDue(followUpId: string): void {
  show('day')
  requestAnimationFrame(() => {
    const line = document.querySelector(`[data-follow-up="${CSS.escape(followUpId)}"]`)
    // Where the caller left a message, that is what is wanted.
    const wanted = line?.querySelector<HTMLElement>('.voice button') ?? line?.querySelector<HTMLElement>('button')
    wanted?.focus()
  })
}

/** The server reminds again then, on every browser. */
export const snooze = (line: FollowUpLine) =>
  change(line.follow_up_id, { text: line.text, due_at: Math.ceil(now.peek()) + SNOOZE_S, done: false })
export const finish = (line: FollowUpLine) =>
  change(line.follow_up_id, { text: line.text, due_at: line.due_at, done: true })

export function followDue(): void {
  effect(() => {
    if (phase.value === 'signed_in' && live.value) void followUps.refresh()
  })
  watch(message => {
    if (message.type !== 'follow_up_due') return
    void followUps.refresh()
    if (likes.peek().notify && !visible.peek() && 'Notification' in window && Notification.permission === 'granted') {
      new Notification(t('notify.due', { text: message.text }), { tag: message.follow_up_id })
    }
  })
}
