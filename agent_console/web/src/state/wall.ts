/** Wall mode: the board alone, dark and large, for a screen that hangs in the room. */

import { effect, signal } from '@preact/signals'
import { theme } from './store'
import { view } from './view'

export const wall = signal(new URLSearchParams(window.location.search).has('wall'))

/** What the document wears: the chosen theme, and dark on a wall. */
effect(() => {
  const shown = wall.value && view.value === 'board'
  document.documentElement.dataset.theme = shown ? 'dark' : theme.value
  document.documentElement.toggleAttribute('data-wall', shown)
})

window.addEventListener('keydown', event => {
  if (wall.value && event.key === 'Escape') wall.value = false
})
