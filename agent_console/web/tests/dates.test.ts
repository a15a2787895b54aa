import { describe, expect, it } from 'vitest'
import { fieldValue, inAnHour, nextMonday, secondsOf, tomorrow } from '../src/state/dates'

const at = (text: string) => new Date(text).getTime() / 1000

describe('moments to choose', () => {
  it('lie ahead, at times that people say', () => {
    const friday = at('2026-03-06T16:02:30')
    expect(inAnHour(friday)).toBe(at('2026-03-06T17:05:00'))
    expect(tomorrow(friday)).toBe(at('2026-03-07T09:00:00'))
    expect(nextMonday(friday)).toBe(at('2026-03-09T09:00:00'))
    expect(nextMonday(at('2026-03-09T08:00:00'))).toBe(at('2026-03-16T09:00:00'))
  })

  it('go through the field and back', () => {
    const when = at('2026-03-09T09:05:00')
    expect(fieldValue(when)).toBe('2026-03-09T09:05')
    expect(secondsOf(fieldValue(when))).toBe(when)
    expect(secondsOf('')).toBeNull()
  })
})
