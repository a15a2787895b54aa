/** Target groups: the conditions that are being chosen, and what was found. */

import { computed, signal } from '@preact/signals'
import type { CustomerGroup, GroupExport, GroupFields } from '../wire/messages.gen'
import * as rest from '../wire/rest'
import { keep, kept } from './kept'
import { Resource } from './resource'
import { me } from './store'
import type { ErrorKey } from './types'

export interface Condition {
  readonly field: string
  readonly sign: string
  readonly value: string
}

export const SIGNS = ['>=', '<=', '>', '<', '=', '!='] as const
export const MOST_CONDITIONS = 20

export const fields = new Resource<GroupFields>(() => rest.get('/api/groups/fields'))
export const conditions = signal<readonly Condition[]>(read())
export const offer = signal('')
export const found = signal<CustomerGroup | null>(null)
export const asking = signal(false)
export const refusal = signal<ErrorKey | null>(null)
export const exported = signal<number | null>(null)
/** What `found` answers; other conditions on the screen make it stale. */
const answered = signal('')

/** Who may plan whom to speak to. */
export const planner = computed(() => me.value?.role === 'supervisor' || me.value?.role === 'admin')
const question = computed(() => {
  const query = new URLSearchParams(complete(conditions.value).map(each => ['where', each]))
  if (offer.value !== '') query.set('offer', offer.value)
  return query.toString()
})
export const stale = computed(() => found.value !== null && answered.value !== question.value)

export function setConditions(to: readonly Condition[]): void {
  conditions.value = to
  keep('groups', JSON.stringify(to))
}

export function changeCondition(at: number, changes: Partial<Condition>): void {
  setConditions(conditions.value.map((each, place) => place === at ? { ...each, ...changes } : each))
}

export async function search(): Promise<void> {
  const mine = question.value
  exported.value = null
  await attempt(async () => {
    found.value = await rest.get<CustomerGroup>(`/api/groups?${mine}`)
    answered.value = mine
  })
}

/** Hands the file to the browser. */
export async function exportFound(): Promise<void> {
  await attempt(async () => {
    const file = await rest.send<GroupExport>('POST', '/api/groups/export', { where: complete(conditions.value) })
    if (file === null) return
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([file.csv], { type: 'text/csv' }))
    link.download = 'customers.csv'
    link.click()
    window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
    exported.value = file.size
  })
}

async function attempt(ask: () => Promise<void>): Promise<void> {
  if (asking.value) return
  asking.value = true
  refusal.value = null
  try {
    await ask()
  } catch (error) {
    refusal.value = error instanceof rest.Refused ? error.textKey : 'error.offline'
  } finally {
    asking.value = false
  }
}

/** A condition whose value is still missing asks nothing. */
function complete(all: readonly Condition[]): string[] {
  return all.filter(each => each.value.trim() !== '').map(each => `${each.field}${each.sign}${each.value.trim()}`)
}

function read(): readonly Condition[] {
  try {
    return JSON.parse(kept('groups') ?? '[]') as readonly Condition[]
  } catch {
    return []
  }
}
