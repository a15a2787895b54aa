/** What was noted of each offer: the server says it on every page; until it does, what is on its way. */

import { signal } from '@preact/signals'
import type { Pop } from '../wire/messages.gen'
import { answerOffer, type OfferAnswer, watch } from './store'

export interface Noted {
  readonly answer: OfferAnswer
  /** Whether the server has it. */
  readonly told: boolean
}

/** Answers that the server has not confirmed, by call and offer. */
const sending = signal<Readonly<Record<string, OfferAnswer>>>({})
const keyOf = (callId: string, offerId: string) => `${callId}\n${offerId}`

export function answerOf(pop: Pop, offerId: string): Noted | null {
  const unconfirmed = sending.value[keyOf(pop.call_id, offerId)]
  if (unconfirmed !== undefined) return { answer: unconfirmed, told: false }
  const answer = pop.answers[offerId]
  return answer === undefined ? null : { answer, told: true }
}

/** Shows the answer at once and tells the server; takes it back when the server refuses. */
export async function note(pop: Pop, offerId: string, answer: OfferAnswer): Promise<void> {
  const before = answerOf(pop, offerId)
  if (before?.answer === answer) return
  const key = keyOf(pop.call_id, offerId)
  sending.value = { ...sending.value, [key]: answer }
  await answerOffer(pop.call_id, offerId, answer)
  if (sending.peek()[key] === answer) settle(key)
}

watch(message => {
  if (message.type === 'offer_answered') settle(keyOf(message.call_id, message.offer_id))
  // After a reconnection the desk says what the server has.
  else if (message.type === 'snapshot') sending.value = {}
})

function settle(key: string): void {
  const { [key]: _gone, ...others } = sending.peek()
  sending.value = others
}
