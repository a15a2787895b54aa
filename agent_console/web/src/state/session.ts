/** What begins and ends with the person's session, beside the line to the server. */

import { effect } from '@preact/signals'
import { t } from '../i18n'
import { callerName } from '../ui/caller'
import { forgetDay } from './day'
import { followDue } from './due'
import { forgetPeople } from './people'
import { forgetPapers, sendLeftovers } from './papers'
import { forgetLikes, likes, loadLikes } from './preferences'
import { forgetScripts } from './scripts'
import { helpOpen, pressed } from './shortcuts'
import { live, phase, visible, watch } from './store'
import { show } from './view'
import { forgetWriting } from './writing'

export function followSession(): void {
  effect(() => {
    if (phase.value === 'signed_in') {
      void loadLikes()
    } else if (phase.value === 'signed_out') {
      forgetDay()
      forgetPeople()
      forgetWriting()
      forgetPapers()
      forgetLikes()
      forgetScripts()
      helpOpen.value = false
    }
  })
  followDue()
  effect(() => {
    if (phase.value === 'signed_in' && live.value) sendLeftovers()
  })
  watch(message => {
    if (message.type !== 'pop_raised') return
    // Nobody has to look for a call that rings.
    show('desk')
    if (likes.peek().notify && !visible.peek() && 'Notification' in window && Notification.permission === 'granted') {
      new Notification(t('notify.ring', { name: callerName(message.pop) }), { tag: message.pop.call_id })
    }
  })
  document.addEventListener('keydown', event => {
    if (phase.peek() === 'signed_in' && pressed(event)) event.preventDefault()
  })
}
