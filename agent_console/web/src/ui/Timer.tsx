import { clockFace, now } from '../state/time'

/** Time since a moment; only this text is drawn anew each second. */
export function Since({ at, until }: { at: number, until?: number | null }) {
  return <span class="clock">{clockFace((until ?? now.value) - at)}</span>
}

/** Time until a moment. */
export function Until({ at }: { at: number }) {
  return <span class="clock">{clockFace(Math.ceil(at - now.value))}</span>
}
