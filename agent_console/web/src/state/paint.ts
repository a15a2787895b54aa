/** What can wait until a call that has just come stands on the screen. */

import { signal } from '@preact/signals'

/** A page that nobody sees draws no frames. */
const UNSEEN_MS = 100

/** Runs it once what is being changed now was handed to the screen. */
export function afterPaint(run: () => void): void {
  let due = true
  const once = () => {
    window.clearTimeout(timer)
    if (due) run()
    due = false
  }
  const timer = window.setTimeout(once, UNSEEN_MS)
  // The first frame draws it; when the second begins, the first has left.
  window.requestAnimationFrame(() => window.requestAnimationFrame(once))
}

/** The calls whose first picture stands, the newest last. */
const stands = signal<ReadonlySet<string>>(new Set())
const MOST = 50

/**
 * Whether who is calling and what to offer stand on the screen, so that the rest may follow.
 * A call that stood once does so for good: nothing flickers when one comes back to it.
 */
export function settled(callId: string): boolean {
  return stands.value.has(callId)
}

/** To be called when the first picture of a call was made. */
export function settle(callId: string): void {
  if (stands.peek().has(callId)) return
  afterPaint(() => { stands.value = new Set([...[...stands.peek()].slice(1 - MOST), callId]) })
}
