/**
 * The paperwork of one call: kept in this browser as it is typed, and stored on the server.
 *
 * Versions are numbered; the server refuses an older one. What it has not confirmed stays in the
 * browser, so that neither a reload nor a lost line loses a word. What it needs is handed in.
 */

import { signal } from '@preact/signals'
import type { CallWork, FollowUpDraft, WorkDraft } from '../wire/messages.gen'
import { Refused } from '../wire/rest'

export type PaperState = 'loading' | 'saved' | 'typing' | 'saving' | 'unsaved' | 'gone'

export interface PaperDeps {
  load(): Promise<CallWork>
  save(draft: WorkDraft): Promise<CallWork>
  kept(): WorkDraft | null
  keep(draft: WorkDraft | null): void
  setTimer(run: () => void, ms: number): number
  clearTimer(timer: number): void
  /** Whether the person is working in this window, and not in another one. */
  leads(): boolean
}

export const PAUSE_MS = 500
const RETRY_MS = 2_000
const MOST_RETRY_MS = 15_000

export class Paper {
  readonly note = signal('')
  readonly followUp = signal<FollowUpDraft | null>(null)
  readonly state = signal<PaperState>('loading')
  readonly savedAt = signal<number | null>(null)
  private readonly deps: PaperDeps
  /** What an earlier page of this browser could not bring to the server. */
  private readonly left: WorkDraft | null
  private seq = 0
  private sent = 0
  private retry = RETRY_MS
  private timer: number | null = null
  private dirty = false

  constructor(deps: PaperDeps) {
    this.deps = deps
    this.left = deps.kept()
    if (this.left !== null) {
      this.seq = this.left.seq
      this.show(this.left)
    }
  }

  /** Fetches what the server has; neither what was left unconfirmed nor what is typed meanwhile is lost by it. */
  async open(): Promise<void> {
    try {
      const stored = await this.deps.load()
      if (this.left === null && !this.dirty) return this.adopt(stored)
      // What was typed before anything was known has no number yet: it counts as older.
      const newer = stored.seq >= (this.left?.seq ?? 0)
      this.seq = Math.max(this.seq, stored.seq)
      const mine = this.note.peek()
      if (newer && !mine.includes(stored.note)) {
        // Both this browser and another one wrote: the stored text first, then what is only here.
        this.note.value = stored.note.includes(mine) ? stored.note : `${stored.note}\n${mine}`
      }
      if (this.left === null && this.followUp.peek() === null) this.followUp.value = stored.follow_up
      this.state.value = 'typing'
      this.edit({})
    } catch (error) {
      this.failed(error)
    }
  }

  /** Takes over what was typed. */
  edit(change: { note?: string, followUp?: FollowUpDraft | null }): void {
    if (change.note !== undefined) this.note.value = change.note
    if (change.followUp !== undefined) this.followUp.value = change.followUp
    this.dirty = true
    const loading = this.state.peek() === 'loading'
    if (!loading) this.seq += 1
    this.deps.keep(this.draft())
    if (loading) return // it goes to the server when it is known what stands there
    if (this.state.peek() !== 'saving') this.state.value = 'typing'
    this.after(PAUSE_MS)
  }

  /** Stores now what is not stored yet. */
  async flush(): Promise<void> {
    if (this.state.peek() === 'loading') return
    this.stopTimer()
    if (this.state.peek() === 'saving' || !this.dirty) return
    const draft = this.draft()
    this.sent = draft.seq
    this.state.value = 'saving'
    try {
      const stored = await this.deps.save(draft)
      this.retry = RETRY_MS
      this.savedAt.value = stored.saved_at
      if (this.seq === this.sent) {
        this.dirty = false
        this.deps.keep(null)
        this.state.value = 'saved'
      } else {
        this.state.value = 'typing'
        this.after(PAUSE_MS)
      }
    } catch (error) {
      if (error instanceof Refused && error.status === 409) await this.overtaken()
      else this.failed(error)
    }
  }

  /** Looks whether another window wrote something newer. */
  async refresh(): Promise<void> {
    if (this.state.peek() !== 'saved') return
    const stored = await this.deps.load().catch(() => null)
    if (stored !== null && this.state.peek() === 'saved' && stored.seq > this.seq) this.adopt(stored)
  }

  private async overtaken(): Promise<void> {
    try {
      const stored = await this.deps.load()
      if (this.deps.leads()) {
        this.seq = Math.max(this.seq, stored.seq)
        this.state.value = 'typing'
        this.edit({})
      } else {
        this.dirty = false
        this.deps.keep(null)
        this.adopt(stored)
      }
    } catch (error) {
      this.failed(error)
    }
  }

  private failed(error: unknown): void {
    if (error instanceof Refused && (error.status === 404 || error.status === 400)) {
      this.state.value = 'gone'
      return
    }
    const again = this.state.peek() === 'loading' ? () => void this.open() : undefined
    if (again === undefined) this.state.value = 'unsaved'
    this.after(this.retry, again)
    this.retry = Math.min(MOST_RETRY_MS, this.retry * 2)
  }

  private adopt(stored: CallWork): void {
    this.seq = stored.seq
    this.savedAt.value = stored.saved_at
    this.show(stored)
    this.state.value = 'saved'
  }

  private show(words: { note: string, follow_up: FollowUpDraft | null }): void {
    this.note.value = words.note
    this.followUp.value = words.follow_up
  }

  private draft(): WorkDraft {
    return { seq: this.seq, note: this.note.peek(), follow_up: this.followUp.peek() }
  }

  private after(ms: number, run: () => void = () => void this.flush()): void {
    this.stopTimer()
    this.timer = this.deps.setTimer(run, ms)
  }

  private stopTimer(): void {
    if (this.timer !== null) this.deps.clearTimer(this.timer)
    this.timer = null
  }
}
