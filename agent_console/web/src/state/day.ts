/** The person's own day: calls, figures, promises and colleagues. */

import type { FollowUpChange, FollowUpLine, FollowUpOrder, OwnCall, OwnDay, TeamMember } from '../wire/messages.gen'
import * as rest from '../wire/rest'
import { Resource } from './resource'
import { problem, watch } from './store'

export const ownDay = new Resource<OwnDay>(() => rest.get('/api/day'))
export const ownCalls = new Resource<readonly OwnCall[]>(() => rest.get('/api/calls?limit=50'))
export const followUps = new Resource<readonly FollowUpLine[]>(() => rest.get('/api/follow-ups'))
export const team = new Resource<readonly TeamMember[]>(() => rest.get('/api/team'))

watch(message => {
  if (message.type === 'wrap_up_ended' || message.type === 'call_ended') {
    // Only what somebody looks at: what was never asked for needs no refreshing.
    if (ownDay.value.peek() !== null) void ownDay.refresh()
    if (ownCalls.value.peek() !== null) void ownCalls.refresh()
  }
})

/** Returns whether the server has it. */
export async function order(follow: FollowUpOrder): Promise<boolean> {
  return attempt(() => rest.send('POST', '/api/follow-ups', follow))
}

export async function change(followUpId: string, to: FollowUpChange): Promise<boolean> {
  return attempt(() => rest.send('PUT', `/api/follow-ups/${encodeURIComponent(followUpId)}`, to))
}

export function forgetDay(): void {
  for (const each of [ownDay, ownCalls, followUps, team]) each.forget()
}

async function attempt(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask()
  } catch (error) {
    problem.value = error instanceof rest.Refused ? error.textKey : 'error.offline'
    return false
  }
  await followUps.refresh()
  return true
}
