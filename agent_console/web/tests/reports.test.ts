import { describe, expect, it } from 'vitest'
import { daysOf, type Order, type Period } from '../src/state/reports'
import { wallAt, wallTurn, WALL_PAGES } from '../src/state/wall'

const order = (period: Period): Order => ({ what: 'queues', period, first: '2026-02-03', last: '', by: 'day', queue: '' })
const at = new Date(2026, 2, 4, 10).getTime() / 1000

describe('the days of a report', () => {
  it.each<[Period, string, string]>([
    ['today', '2026-03-04', '2026-03-04'],
    ['yesterday', '2026-03-03', '2026-03-03'],
    ['week', '2026-02-26', '2026-03-04'],
    ['month', '2026-03-01', '2026-03-04'],
    ['last_month', '2026-02-01', '2026-02-28'],
    ['days', '2026-02-03', '2026-02-03'],
  ])('%s', (period, first, last) => expect(daysOf(order(period), at)).toEqual([first, last]))
})

describe('the wall', () => {
  it('turns in a circle, both ways', () => {
    wallAt.value = 0
    wallTurn(-1)
    expect(wallAt.value).toBe(WALL_PAGES.length - 1)
    wallTurn(1)
    expect(wallAt.value).toBe(0)
  })
})
