/** Which page is shown; stands in the address, so that a reload comes back to it. */

import { signal } from '@preact/signals'

export const VIEWS = ['desk', 'day', 'knowledge', 'board', 'plots', 'reports', 'floor', 'groups', 'people'] as const
export type View = (typeof VIEWS)[number]

export const view = signal<View>(fromAddress())

export function show(to: View): void {
  view.value = to
  if (fromAddress() !== to) window.location.hash = `/${to}`
}

window.addEventListener('hashchange', () => { view.value = fromAddress() })

function fromAddress(): View {
  const named = window.location.hash.slice(2)
  return VIEWS.find(each => each === named) ?? 'desk'
}
