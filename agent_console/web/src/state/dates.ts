/** Moments that people choose, in the browser's time zone.  Seconds since the epoch. */

const HOUR = 3600

/** The next full five minutes after an hour. */
export function inAnHour(now: number): number {
  return Math.ceil((now + HOUR) / 300) * 300
}

export function tomorrow(now: number): number {
  return nineOClock(now, 1)
}

export function nextMonday(now: number): number {
  const weekday = new Date(now * 1000).getDay()
  return nineOClock(now, (8 - weekday) % 7 || 7)
}

/** What a `datetime-local` field holds for a moment. */
export function fieldValue(seconds: number): string {
  const date = new Date(seconds * 1000)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`
}

/** The moment in a `datetime-local` field, or `null` if it holds none. */
export function secondsOf(value: string): number | null {
  const at = new Date(value).getTime()
  return Number.isNaN(at) ? null : at / 1000
}

function nineOClock(now: number, days: number): number {
  const date = new Date(now * 1000)
  date.setDate(date.getDate() + days)
  date.setHours(9, 0, 0, 0)
  return date.getTime() / 1000
}
