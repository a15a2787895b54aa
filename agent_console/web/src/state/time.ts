/** The server's clock, ticking on the page once a second. */

import { signal } from '@preact/signals'

let offset = 0

export const now = signal(Date.now() / 1000)

/** Takes over the server's clock, so that a page whose own clock is wrong shows right timers. */
export function synchronise(serverNow: number): void {
  offset = serverNow - Date.now() / 1000
  tick()
}

export function tick(): void {
  now.value = Date.now() / 1000 + offset
}

/** `75` → `01:15`, `3675` → `1:01:15`; a time that has not come yet is zero. */
export function clockFace(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const two = (n: number) => String(n).padStart(2, '0')
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`
}
