import { describe, expect, it } from 'vitest'
import { apply, type Desk, EMPTY, resumeOf } from '../src/state/desk'
import type { CustomerCard, Envelope, Pop, ServerMessage } from '../src/wire/messages.gen'

const POP: Pop = {
  call_id: 'c1', pop_id: 'c1/1001/1', route: [], phase: 'ringing', queue: 'service', reason: '', callback: false, menu_path: [], verified: 'none',
  language: 'zh', number: '', queued_at: 1, raised_at: 2, connected_at: null, ended_at: null,
  brief: 'loading', customer: null, consultation: null, answers: {}, candidates: [],
}
const WRAP_UP = { call_id: 'c1', started_at: 5, until: 35, disposition: '' }
const welcome = (stream: string, resumed: boolean): ServerMessage => ({
  type: 'welcome', stream, resumed, now: 0, heartbeat_s: 10,
  me: { login: 'a', display_name: 'A', role: 'agent', language: 'zh', agent_id: '1001' },
  catalogue: { queues: {}, reasons: {}, nodes: {}, pause_reasons: [], disposition_groups: [], dispositions: [], extend_wrap_up_s: 60 },
})
const snapshot: ServerMessage = {
  type: 'snapshot', status: { state: 'available', since: 1, reason: '' }, pops: [], wrap_up: null, queues: [], monitored: null,
}

function play(desk: Desk, ...messages: [number, ServerMessage][]): Desk {
  return messages.reduce((known, [seq, message]) => apply(known, { seq, message } satisfies Envelope), desk)
}

const fresh = play(EMPTY, [0, welcome('s', false)], [0, snapshot])

describe('the desk', () => {
  it('walks a call from the ring to the end of the wrap-up', () => {
    const ringing = play(fresh, [1, { type: 'pop_raised', pop: POP }])
    expect(ringing.pops).toEqual([POP])
    const ended = play(
      ringing,
      [2, { type: 'pop_completed', call_id: 'c1', customer: null, candidates: [] }],
      [3, { type: 'pop_connected', call_id: 'c1', connected_at: 3 }],
      [4, { type: 'call_ended', call_id: 'c1', ended_at: 9 }],
      [5, { type: 'wrap_up_started', wrap_up: WRAP_UP }],
    )
    expect(ended.pops[0]).toMatchObject({ phase: 'ended', brief: 'unknown', connected_at: 3, ended_at: 9 })
    expect(ended.wrapUp).toEqual(WRAP_UP)
    const over = play(ended, [6, { type: 'wrap_up_ended', call_id: 'c1', ended_by: 'timer' }])
    expect(over).toEqual({ ...fresh, seq: 6 })
  })

  it('withdraws one pop and keeps the other', () => {
    const two = play(fresh, [1, { type: 'pop_raised', pop: POP }], [2, { type: 'pop_raised', pop: { ...POP, call_id: 'c2' } }])
    const one = play(two, [3, { type: 'pop_withdrawn', call_id: 'c1', reason: 'no_answer' }])
    expect(one.pops.map(pop => pop.call_id)).toEqual(['c2'])
  })

  it('raises a pop again in place of the old one', () => {
    const again = play(fresh, [1, { type: 'pop_raised', pop: POP }], [2, { type: 'pop_raised', pop: { ...POP, phase: 'connected' } }])
    expect(again.pops).toEqual([{ ...POP, phase: 'connected' }])
  })

  it('keeps what was noted of an offer until somebody else is calling', () => {
    const customer = { customer_id: 'C1' } as unknown as CustomerCard
    const noted = play(
      fresh,
      [1, { type: 'pop_raised', pop: { ...POP, customer } }],
      [2, { type: 'offer_answered', call_id: 'c1', offer_id: 'o1', answer: 'presented' }],
      [3, { type: 'offer_answered', call_id: 'c1', offer_id: 'o1', answer: 'accepted' }],
      [4, { type: 'pop_completed', call_id: 'c1', customer, candidates: [] }],
    )
    expect(noted.pops[0]?.answers).toEqual({ o1: 'accepted' })
    const other = play(noted, [5, { type: 'pop_completed', call_id: 'c1', customer: { ...customer, customer_id: 'C2' }, candidates: [] }])
    expect(other.pops[0]?.answers).toEqual({})
  })

  it('applies nothing twice', () => {
    const once = play(fresh, [1, { type: 'pop_raised', pop: POP }], [2, { type: 'pop_withdrawn', call_id: 'c1', reason: 'ended' }])
    expect(play(once, [1, { type: 'pop_raised', pop: POP }])).toBe(once)
  })

  it('skips numbers that a newer message replaced', () => {
    const later = play(fresh, [7, { type: 'queue_summary', queues: [] }])
    expect(later.seq).toBe(7)
  })

  it('says where its knowledge ends', () => {
    expect(resumeOf(EMPTY)).toBeNull()
    expect(resumeOf(play(fresh, [4, { type: 'pop_raised', pop: POP }]))).toEqual({ stream: 's', seq: 4 })
  })

  it('keeps what it knows when the server resumes', () => {
    const known = play(fresh, [4, { type: 'pop_raised', pop: POP }])
    expect(play(known, [4, welcome('s', true)])).toBe(known)
  })

  it('begins anew with another stream, even at a lower number', () => {
    const known = play(fresh, [40, { type: 'pop_raised', pop: POP }])
    const anew = play(known, [2, welcome('other', false)], [2, snapshot], [3, { type: 'pop_raised', pop: { ...POP, call_id: 'c9' } }])
    expect(anew.pops.map(pop => pop.call_id)).toEqual(['c9'])
    expect(resumeOf(anew)).toEqual({ stream: 'other', seq: 3 })
  })
})
