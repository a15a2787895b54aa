/** The desk as the page knows it: a pure fold over the server's messages. */

import type { AgentStatus, Envelope, Monitored, Pop, PopCompleted, QueueLine, Resume, ServerMessage, WrapUp } from '../wire/messages.gen'

export interface Desk {
  /** `null` until the first welcome. */
  readonly stream: string | null
  readonly seq: number
  readonly status: AgentStatus
  readonly pops: readonly Pop[]
  readonly wrapUp: WrapUp | null
  readonly queues: readonly QueueLine[]
  /** A supervisor in the call, where the agent is told. */
  readonly monitored: Monitored | null
}

export const EMPTY: Desk = {
  stream: null,
  seq: 0,
  status: { state: 'logged_out', since: 0, reason: '' },
  pops: [],
  wrapUp: null,
  queues: [],
  monitored: null,
}

/** Where the page's knowledge ends. */
export function resumeOf(desk: Desk): Resume | null {
  return desk.stream === null ? null : { stream: desk.stream, seq: desk.seq }
}

/** Returns the desk after the message; one that was applied before changes nothing. */
export function apply(desk: Desk, envelope: Envelope): Desk {
  const { seq, message } = envelope
  if (message.type === 'welcome') {
    // A new stream counts anew; its snapshot follows and replaces everything else.
    return message.resumed ? desk : { ...desk, stream: message.stream, seq }
  }
  if (message.type === 'snapshot') {
    return {
      stream: desk.stream,
      seq,
      status: message.status,
      pops: message.pops,
      wrapUp: message.wrap_up,
      queues: message.queues,
      monitored: message.monitored,
    }
  }
  if (seq <= desk.seq) return desk
  return { ...fold(desk, message), seq }
}

function fold(desk: Desk, message: ServerMessage): Desk {
  switch (message.type) {
    case 'agent_state':
      return { ...desk, status: message.status }
    case 'pop_raised': {
      const others = desk.pops.filter(pop => pop.call_id !== message.pop.call_id)
      return { ...desk, pops: [...others, message.pop] }
    }
    case 'pop_completed':
      return change(desk, message.call_id, {
        brief: message.customer === null ? 'unknown' : 'ready',
        customer: message.customer,
        // Somebody else's offers are others.
        ...(isAnother(desk, message) ? { answers: {} } : {}),
        ...(message.candidates.length > 0 ? { candidates: message.candidates } : {}),
      })
    case 'pop_connected':
      return change(desk, message.call_id, { phase: 'connected', connected_at: message.connected_at, consultation: null })
    case 'call_ended':
      return change(desk, message.call_id, { phase: 'ended', ended_at: message.ended_at })
    case 'consultation_changed':
      return change(desk, message.call_id, { consultation: message.consultation })
    case 'offer_answered': {
      const known = desk.pops.find(pop => pop.call_id === message.call_id)?.answers
      return change(desk, message.call_id, { answers: { ...known, [message.offer_id]: message.answer } })
    }
    case 'pop_withdrawn':
      return without(desk, message.call_id)
    case 'wrap_up_started':
      return { ...desk, wrapUp: message.wrap_up }
    case 'wrap_up_ended':
      return {
        ...without(desk, message.call_id),
        wrapUp: desk.wrapUp?.call_id === message.call_id ? null : desk.wrapUp,
      }
    case 'monitored':
      return { ...desk, monitored: message.mode === null ? null : message }
    case 'queue_summary':
      return { ...desk, queues: message.queues }
    default:
      return desk
  }
}

function isAnother(desk: Desk, completed: PopCompleted): boolean {
  const before = desk.pops.find(pop => pop.call_id === completed.call_id)?.customer
  return before != null && before.customer_id !== completed.customer?.customer_id
}

function change(desk: Desk, callId: string, changes: Partial<Pop>): Desk {
  return { ...desk, pops: desk.pops.map(pop => pop.call_id === callId ? { ...pop, ...changes } : pop) }
}

function without(desk: Desk, callId: string): Desk {
  return { ...desk, pops: desk.pops.filter(pop => pop.call_id !== callId) }
}
