/** The call that this supervisor hears, and the orders about it. */

import { computed, signal } from '@preact/signals'
import { t } from '../i18n'
import type { ModeOrder, MonitorLine } from '../wire/messages.gen'
import * as rest from '../wire/rest'
import { legend, picture } from './board'
import { me, problem } from './store'

export const MODES = ['listen', 'whisper', 'barge'] as const
export type Mode = ModeOrder['mode']

/** Whether the settings let this person hear calls. */
export const mayMonitor = computed(() => {
  const role = me.value?.role
  return role !== undefined && (legend.value.value?.monitor_roles ?? []).some(each => each === role)
})
/** What this person hears, or is about to. */
export const monitor = computed<MonitorLine | null>(() =>
  picture.value?.monitors.find(each => each.by === me.value?.login) ?? null)
export const asking = signal(false)

export const listen = (agentId: string) => ask(() => rest.send('POST', '/api/monitor', { agent_id: agentId, mode: 'listen' }))
export const stop = () => ask(() => rest.send('DELETE', '/api/monitor', {}))

/** Goes over to another mode; before the customer hears anything, the person says so twice. */
export async function change(mode: Mode): Promise<void> {
  if (mode === 'barge' && !window.confirm(t('monitor.sure_barge'))) return
  await ask(() => rest.send('PUT', '/api/monitor', { mode }))
}

async function ask(order: () => Promise<unknown>): Promise<void> {
  asking.value = true
  try {
    await order()
    problem.value = null
  } catch (error) {
    problem.value = error instanceof rest.Refused ? error.textKey : 'error.offline'
  } finally {
    asking.value = false
  }
}
