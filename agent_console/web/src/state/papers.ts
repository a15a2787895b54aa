/** The papers of this browser: one for each call that was looked at. */

import type { WorkDraft } from '../wire/messages.gen'
import * as rest from '../wire/rest'
import { keep, kept, keptUnder } from './kept'
import { Paper } from './paper'
import { afterPaint } from './paint'
import { me } from './store'

const papers = new Map<string, Paper>()

export function paperOf(callId: string): Paper {
  const key = `${mine()}${callId}`
  const known = papers.get(key)
  if (known !== undefined) return known
  const paper = new Paper({
    load: () => rest.callWork(callId),
    save: draft => rest.saveCallWork(callId, draft),
    kept: () => read(key),
    keep: draft => keep(key, draft === null ? null : JSON.stringify(draft)),
    setTimer: (run, ms) => window.setTimeout(run, ms),
    clearTimer: timer => window.clearTimeout(timer),
    leads: () => document.hasFocus(),
  })
  papers.set(key, paper)
  // It asks the server: who is calling comes first.
  afterPaint(() => void paper.open())
  return paper
}

/** Brings to the server what an earlier page of this person could not. */
export function sendLeftovers(): void {
  if (me.peek()?.agent_id == null) return
  for (const callId of keptUnder(mine())) paperOf(callId)
}

/** Stores everything now, for instance because the page is being left. */
export function flushPapers(): void {
  for (const paper of papers.values()) void paper.flush()
}

export function forgetPapers(): void {
  papers.clear()
}

window.addEventListener('pagehide', flushPapers)
window.addEventListener('focus', () => {
  for (const paper of papers.values()) void paper.refresh()
})

function mine(): string {
  return `paper.${me.peek()?.login ?? ''}.`
}

function read(key: string): WorkDraft | null {
  try {
    return JSON.parse(kept(key) ?? 'null') as WorkDraft | null
  } catch {
    return null
  }
}
