/** Arrow keys in a list of buttons, and from the search field above it. */
export function rowKeys(event: KeyboardEvent): void {
  if (!['ArrowDown', 'ArrowUp', 'Home', 'End'].includes(event.key) || event.isComposing) return
  const rows = Array.from((event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[data-row]'))
  const from = rows.indexOf(document.activeElement as HTMLElement)
  const typing = document.activeElement instanceof HTMLInputElement
  if (rows.length === 0 || (typing && event.key !== 'ArrowDown')) return
  event.preventDefault()
  const to = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: rows.length - 1 }[event.key] ?? 0
  if (to < 0) (event.currentTarget as HTMLElement).querySelector<HTMLElement>('input[type=search]')?.focus()
  else rows[Math.min(to, rows.length - 1)]?.focus()
}
