/** What the person does with the own call: send it on, ask a colleague, end it. */

import { computed, signal } from '@preact/signals'
import type { Consultation, Pop, SettleConsultation, TeamMember } from '../wire/messages.gen'
import { named } from '../i18n'
import { team } from './day'
import { busy, command, currentPop, desk, live, me } from './store'

/** For what somebody is being chosen; `null`: for nothing. */
export const choosing = signal<'transfer' | 'consult' | null>(null)

/** The customer is on the line, and nobody else is asked. */
export const movable = computed(() => talking(currentPop.value) && currentPop.value?.consultation === null && live.value && !busy.value)
export const consulting = computed(() => talking(currentPop.value) ? currentPop.value?.consultation ?? null : null)

/** The consultation in which this agent is the one who is asked. */
export function askedIn(pop: Pop | null): Consultation | null {
  const asked = pop?.consultation ?? null
  return asked !== null && asked.agent_id === me.value?.agent_id ? asked : null
}

const talking = (pop: Pop | null): pop is Pop => pop !== null && pop.phase === 'connected' && me.value?.agent_id != null

export function choose(what: 'transfer' | 'consult'): void {
  choosing.value = what
  void team.refresh()
}

export interface Target {
  readonly kind: 'queue' | 'agent'
  readonly id: string
  readonly name: string
  readonly member: TeamMember | null
}

/** Whom the call can go to: who is free first the colleagues, then, for a transfer, the queues. */
export function targets(words: string): readonly Target[] {
  const wanted = words.trim().toLowerCase()
  const people = (team.value.value ?? [])
    .filter(each => ['available', 'paused'].includes(each.state) && each.agent_id !== me.value?.agent_id)
    .sort((one, other) => one.state.localeCompare(other.state) || one.name.localeCompare(other.name))
    .map(each => ({ kind: 'agent' as const, id: each.agent_id, name: each.name, member: each }))
  const queues = choosing.value !== 'transfer' ? [] : desk.value.queues
    .filter(each => each.queue !== currentPop.value?.queue)
    .map(each => ({ kind: 'queue' as const, id: each.queue, name: named('queues', each.queue), member: null }))
  return [...people, ...queues].filter(each => `${each.name} ${each.id}`.toLowerCase().includes(wanted))
}

export async function take(target: Target): Promise<void> {
  const pop = currentPop.peek()
  const what = choosing.peek()
  choosing.value = null
  if (pop === null || what === null) return
  const call_id = pop.call_id
  if (what === 'consult') await command({ type: 'consult', call_id, agent_id: target.id })
  else if (target.kind === 'queue') await command({ type: 'transfer', call_id, queue: target.id })
  else await command({ type: 'transfer', call_id, agent_id: target.id })
}

export const settle = (pop: Pop, how: SettleConsultation['how']) => command({ type: 'settle_consultation', call_id: pop.call_id, how })
export const hangUp = (pop: Pop) => command({ type: 'hang_up', call_id: pop.call_id })

/** What a colleague is called; the id until the team is known. */
export function colleague(agentId: string): string {
  return team.value.value?.find(each => each.agent_id === agentId)?.name ?? agentId
}
