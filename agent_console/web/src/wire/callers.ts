/** The requests about a caller whom nobody knows. */

import type { CallerChoice, CandidateCard, CustomerQuery, NewProspect } from './messages.gen'
import { send } from './rest'

const LEAST_NUMBER = 7

/** What the agent typed as a question: a number, or a name with the last four digits of a card behind it. */
export function queryOf(callId: string, text: string): CustomerQuery {
  const digits = text.replace(/[\s()+.-]/g, '')
  if (/^\d+$/.test(digits) && digits.length >= LEAST_NUMBER) return { call_id: callId, number: text }
  const [, name, tail] = /^(.*?)\s*(\d{4})?$/s.exec(text) ?? []
  return { call_id: callId, name: name ?? '', card_tail: tail ?? '' }
}

/** Throws `Refused`; what comes back is masked. */
export async function searchCustomers(callId: string, text: string): Promise<readonly CandidateCard[]> {
  return await send<readonly CandidateCard[]>('POST', '/api/customers/search', queryOf(callId, text)) ?? []
}

/** Says that this customer is calling; the pop gets their brief. */
export async function linkCustomer(callId: string, customerId: string, remember: boolean): Promise<void> {
  const choice: CallerChoice = { customer_id: customerId, remember }
  await send('POST', `/api/calls/${encodeURIComponent(callId)}/customer`, choice)
}

/** Stores a caller who is no customer yet. */
export async function makeProspect(callId: string, name: string, language: 'zh' | 'en'): Promise<void> {
  const prospect: NewProspect = { name, language }
  await send('POST', `/api/calls/${encodeURIComponent(callId)}/prospect`, prospect)
}
