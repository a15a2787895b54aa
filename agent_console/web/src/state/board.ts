/** The live board: pictures from the server's stream, and what the person chose to look at. */

import { computed, effect, signal } from '@preact/signals'
import type { BoardLegend, BoardPicture, CallLine } from '../wire/messages.gen'
import * as rest from '../wire/rest'
import { keep, kept } from './kept'
import { Resource } from './resource'
import { live, me, visible } from './store'
import { view } from './view'
import { wall } from './wall'

export const WINDOWS = ['today', 'hour', 'quarter'] as const
export type Window = (typeof WINDOWS)[number]
export type BoardLine = 'connecting' | 'open' | 'away' | 'lost'

/** Who may see the board. */
export const leads = computed(() => me.value !== null && me.value.role !== 'agent')
/** Who may give orders to others. */
export const orders = computed(() => me.value?.role === 'supervisor' || me.value?.role === 'admin')
export const picture = signal<BoardPicture | null>(null)
export const boardLine = signal<BoardLine>('connecting')
export const legend = new Resource<BoardLegend>(() => rest.get('/api/board/legend'))
export const span = signal<Window>(WINDOWS.find(each => each === kept('board-window')) ?? 'today')

export function choose(to: Window): void {
  span.value = to
  keep('board-window', to)
}

/** The number whose calls are shown beside the board. */
export interface Behind {
  readonly queue?: string
  readonly agent?: string
  readonly outcome?: string
}

export const behind = signal<Behind | null>(null)
export const calls = new Resource<readonly CallLine[]>(() => {
  const ask = new URLSearchParams({ since: String(since(span.value)), limit: '100' })
  for (const [name, value] of Object.entries(behind.peek() ?? {})) if (value !== '') ask.set(name, value)
  return rest.get(`/api/board/calls?${ask}`)
})

export function lookBehind(to: Behind | null): void {
  behind.value = to
  calls.forget()
  if (to !== null) void calls.refresh()
}

function since(window: Window): number {
  const now = picture.peek()?.at ?? Date.now() / 1000
  if (window === 'hour') return now - 3600
  if (window === 'quarter') return now - 900
  return new Date(now * 1000).setHours(0, 0, 0, 0) / 1000
}

const AGAIN_MS = 3000
const wanted = computed(() => (view.value === 'board' || view.value === 'floor' || (wall.value && view.value === 'plots')) && leads.value && live.value && visible.value)

/** Follows the stream as long as somebody looks at the board. */
effect(() => {
  if (!wanted.value) return undefined
  let source: EventSource | null = null
  let timer = 0
  const open = () => {
    boardLine.value = 'connecting'
    source = new EventSource('/api/board/stream')
    source.onmessage = event => {
      boardLine.value = 'open'
      picture.value = JSON.parse(event.data as string) as BoardPicture
    }
    source.addEventListener('away', () => { boardLine.value = 'away' })
    source.addEventListener('ended', () => { source?.close() })
    source.onerror = () => {
      boardLine.value = 'lost'
      // The browser comes back by itself unless the server refused.
      if (source?.readyState === EventSource.CLOSED) timer = window.setTimeout(open, AGAIN_MS)
    }
  }
  open()
  if (legend.value.peek() === null) void legend.refresh()
  return () => {
    source?.close()
    window.clearTimeout(timer)
  }
})
