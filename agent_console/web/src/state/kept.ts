/** What this browser keeps over a reload; one that keeps nothing still works. */

const PREFIX = 'hotline.'

export function kept(key: string): string | null {
  try {
    return window.localStorage.getItem(PREFIX + key)
  } catch {
    return null
  }
}

/** Keeps the value; `null` forgets it. */
export function keep(key: string, value: string | null): void {
  try {
    if (value === null) window.localStorage.removeItem(PREFIX + key)
    else window.localStorage.setItem(PREFIX + key, value)
  } catch {
    // Full, or forbidden: the page only asks anew next time.
  }
}

/** Returns the rest of every kept key that begins so. */
export function keptUnder(beginning: string): string[] {
  try {
    return Object.keys(window.localStorage)
      .filter(key => key.startsWith(PREFIX + beginning))
      .map(key => key.slice(PREFIX.length + beginning.length))
  } catch {
    return []
  }
}
