/** How long to wait before the next attempt: doubles, is capped, and is spread at random. */

export const FIRST_MS = 400
export const MOST_MS = 12_000

/** `attempt` counts from 0; `random` is in [0, 1). Returns milliseconds. */
export function backoff(attempt: number, random: number): number {
  const full = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempt, 20))
  return Math.round(full / 2 + (full / 2) * random)
}
