/** Reports of the past: what was asked for, the answer, and files for spreadsheets. */

import { computed, signal } from '@preact/signals'
import type { ReportTable } from '../wire/messages.gen'
import * as rest from '../wire/rest'
import { keep, kept } from './kept'
import { Resource } from './resource'
import { language } from './store'
import { now } from './time'
import type { ErrorKey } from './types'

export const WHATS = ['queues', 'agents', 'topics', 'segments', 'nodes'] as const
export type What = (typeof WHATS)[number]
export const STEPS = ['quarter', 'hour', 'day', 'week', 'month', 'whole'] as const
export type Step = (typeof STEPS)[number]
export const PERIODS = ['today', 'yesterday', 'week', 'month', 'last_month', 'days'] as const
export type Period = (typeof PERIODS)[number]

export interface Order {
  readonly what: What
  readonly period: Period
  readonly first: string
  readonly last: string
  readonly by: Step
  readonly queue: string
}

const FIRST: Order = { what: 'queues', period: 'today', first: '', last: '', by: 'hour', queue: '' }
export const order = signal<Order>(read())
export const filing = signal<'csv' | 'xlsx' | null>(null)
export const refused = signal<ErrorKey | null>(null)
/** Column by which the lines are sorted; `null`: as they come. */
export const sorted = signal<number | null>(null)

/** Only these reports know queues. */
export const byQueue = computed(() => ['queues', 'agents'].includes(order.value.what))

const question = computed(() => {
  const { what, by, queue } = order.value
  const [first, last] = daysOf(order.value, now.peek())
  return new URLSearchParams({ what, by, first, last, ...(byQueue.value && queue !== '' ? { queue } : {}) }).toString()
})

export const report = new Resource<ReportTable>(() => rest.get(`/api/reports?${question.peek()}`))

export function change(to: Partial<Order>): void {
  order.value = { ...order.value, ...to }
  keep('report', JSON.stringify(order.value))
  sorted.value = null
  report.forget()
  void report.refresh()
}

/** Hands the whole report to the browser as a file. */
export async function download(format: 'csv' | 'xlsx'): Promise<void> {
  if (filing.value !== null) return
  filing.value = format
  refused.value = null
  try {
    const { what } = order.value
    const [first, last] = daysOf(order.value, now.peek())
    const file = await rest.file(`/api/reports/file?${question.peek()}&format=${format}&language=${language.value}`)
    const link = document.createElement('a')
    link.href = URL.createObjectURL(file)
    link.download = `${what}-${first}-${last}.${format}`
    link.click()
    window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
  } catch (error) {
    refused.value = error instanceof rest.Refused ? error.textKey : 'error.offline'
  } finally {
    filing.value = null
  }
}

/** The first and the last day of what is asked for, as `2026-03-01`. */
export function daysOf({ period, first, last }: Order, at: number): [string, string] {
  const day = new Date(at * 1000)
  const from = (days: number) => new Date(day.getFullYear(), day.getMonth(), day.getDate() - days)
  const today = iso(day)
  switch (period) {
    case 'today': return [today, today]
    case 'yesterday': return [iso(from(1)), iso(from(1))]
    case 'week': return [iso(from(6)), today]
    case 'month': return [iso(new Date(day.getFullYear(), day.getMonth(), 1)), today]
    case 'last_month': return [iso(new Date(day.getFullYear(), day.getMonth() - 1, 1)), iso(new Date(day.getFullYear(), day.getMonth(), 0))]
    case 'days': return [first || today, last || first || today]
  }
}

function iso(day: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`
}

function read(): Order {
  try {
    return { ...FIRST, ...JSON.parse(kept('report') ?? '{}') as Partial<Order> }
  } catch {
    return FIRST
  }
}
