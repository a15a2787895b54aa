/** Wall mode: the board and the plots in turn, dark and large, for a screen that hangs in the room. */

import { effect, signal } from '@preact/signals'
import { theme } from './store'
import { view } from './view'

/** What the screen shows in turn; `board` is the queues, the others are plots. */
export const WALL_PAGES = ['board', 'arrivals', 'waits', 'menu', 'people'] as const
export type WallPage = (typeof WALL_PAGES)[number]
export const WALL_SECONDS = 20

export const wall = signal(new URLSearchParams(window.location.search).has('wall'))
export const wallAt = signal(0)
export const wallPaused = signal(false)
/** Seconds for which the present page has been shown. */
export const wallShown = signal(0)

export function wallTurn(steps: number): void {
  wallAt.value = (wallAt.value + steps + WALL_PAGES.length) % WALL_PAGES.length
  wallShown.value = 0
}

/** What the document wears: the chosen theme, and dark on a wall. */
effect(() => {
  const shown = wall.value && (view.value === 'board' || view.value === 'plots')
  document.documentElement.dataset.theme = shown ? 'dark' : theme.value
  document.documentElement.toggleAttribute('data-wall', shown)
  if (!shown) return undefined
  wallAt.value = view.peek() === 'plots' ? 1 : 0
  wallShown.value = 0
  const timer = window.setInterval(() => {
    if (wallPaused.peek()) return
    wallShown.value += 1
    if (wallShown.peek() >= WALL_SECONDS) wallTurn(1)
  }, 1000)
  return () => window.clearInterval(timer)
})

const KEYS: Readonly<Record<string, () => void>> = {
  Escape: () => { wall.value = false },
  ' ': () => { wallPaused.value = !wallPaused.value },
  ArrowRight: () => wallTurn(1),
  ArrowLeft: () => wallTurn(-1),
}

window.addEventListener('keydown', event => {
  const run = KEYS[event.key]
  const pressing = event.key === ' ' && event.target instanceof HTMLButtonElement
  if (!document.documentElement.hasAttribute('data-wall') || run === undefined || pressing) return
  event.preventDefault()
  run()
})
