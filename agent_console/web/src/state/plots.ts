/** Today as pictures show it. */

import { signal } from '@preact/signals'
import type { DayPlots } from '../wire/messages.gen'
import * as rest from '../wire/rest'
import { Resource } from './resource'

/** Waits and levels of this queue only; empty: of all. */
export const queue = signal('')
export const plots = new Resource<DayPlots>(() => rest.get(`/api/plots?${new URLSearchParams({ queue: queue.peek() })}`))

export function ofQueue(name: string): void {
  queue.value = name
  void plots.refresh()
}
