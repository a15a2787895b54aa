/** Which of the offers on the screen the agent speaks about. */

import { computed, signal } from '@preact/signals'
import type { RankedOffer } from '../wire/messages.gen'
import { note } from './answers'
import { currentPop, type OfferAnswer } from './store'

/** Of the call that is looked at; the first one until another was chosen. */
const places = signal<Readonly<Record<string, number>>>({})

export const chosenOffer = computed(() => places.value[currentPop.value?.call_id ?? ''] ?? 0)

export function offerAt(offers: readonly RankedOffer[], place: number): RankedOffer | null {
  return offers[Math.min(place, offers.length - 1)] ?? null
}

/** Chooses the offer at a place that counts from 0. */
export function chooseOffer(place: number): void {
  const callId = currentPop.value?.call_id
  if (callId !== undefined) places.value = { ...places.value, [callId]: place }
}

/** Whether an answer can be noted now: the customer has to be on the line first. */
export const answerable = computed(() => currentPop.value !== null && currentPop.value.phase !== 'ringing')

export function answerChosen(answer: OfferAnswer): void {
  const pop = currentPop.value
  const offer = offerAt(pop?.customer?.offers ?? [], chosenOffer.value)
  if (pop !== null && offer !== null && answerable.value) void note(pop, offer.offer_id, answer)
}
