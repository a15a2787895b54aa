/** What the agent noted of each offer; kept over a reload until the call leaves the desk. */

import { signal } from '@preact/signals'
import { keep, kept } from './kept'
import { answerOffer, type OfferAnswer, watch } from './store'

export interface Noted {
  readonly answer: OfferAnswer
  /** Whether the server has it. */
  readonly told: boolean
}

type Book = Readonly<Record<string, Readonly<Record<string, Noted>>>>

export const answers = signal<Book>(read())

export function answerOf(callId: string, offerId: string): Noted | null {
  return answers.value[callId]?.[offerId] ?? null
}

/** Notes the answer at once and tells the server; takes it back when the server refuses. */
export async function note(callId: string, offerId: string, answer: OfferAnswer): Promise<void> {
  const before = answerOf(callId, offerId)
  if (before?.told === true && before.answer === answer) return
  set(callId, offerId, { answer, told: false })
  const done = await answerOffer(callId, offerId, answer)
  const now = answerOf(callId, offerId)
  if (now?.answer === answer && !now.told) set(callId, offerId, done ? { answer, told: true } : before)
}

watch(message => {
  if (message.type === 'wrap_up_ended' || message.type === 'pop_withdrawn') {
    const { [message.call_id]: _gone, ...others } = answers.value
    write(others)
  }
})

function set(callId: string, offerId: string, noted: Noted | null): void {
  const { [offerId]: _old, ...others } = answers.value[callId] ?? {}
  write({ ...answers.value, [callId]: noted === null ? others : { ...others, [offerId]: noted } })
}

function write(book: Book): void {
  answers.value = book
  keep('answers', JSON.stringify(book))
}

function read(): Book {
  try {
    return JSON.parse(kept('answers') ?? '{}') as Book
  } catch {
    return {}
  }
}
