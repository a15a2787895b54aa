/** How the agent said that each call ended; the server tells it only once the call is over. */

import { signal } from '@preact/signals'
import { dispose } from './store'

const chosen = signal<Readonly<Record<string, string>>>({})

/** `stored` is what the server has told; empty before the call's end. */
export function chosenOutcome(callId: string, stored: string): string {
  return stored === '' ? chosen.value[callId] ?? '' : stored
}

/** Shown as chosen once the server has it. */
export async function choose(callId: string, code: string): Promise<void> {
  if (await dispose(callId, code)) chosen.value = { ...chosen.value, [callId]: code }
}
