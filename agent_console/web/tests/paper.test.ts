import { describe, expect, it } from 'vitest'
import { Paper, type PaperDeps } from '../src/state/paper'
import type { CallWork, WorkDraft } from '../src/wire/messages.gen'
import { Refused } from '../src/wire/rest'

/** A server, a browser's storage and a clock in one, driven by hand. */
class World implements PaperDeps {
  stored: CallWork = { call_id: 'c1', seq: 0, note: '', follow_up: null, saved_at: null }
  inBrowser: WorkDraft | null = null
  away = false
  focused = true
  timers = new Map<number, () => void>()
  saves: WorkDraft[] = []
  private next = 1

  load = async () => {
    if (this.away) throw new TypeError('no line')
    return this.stored
  }

  save = async (draft: WorkDraft) => {
    if (this.away) throw new TypeError('no line')
    this.saves.push(draft)
    if (draft.seq <= this.stored.seq && draft.note !== this.stored.note) throw new Refused(409, 'error.newer_work')
    this.stored = { call_id: 'c1', saved_at: 1000, ...draft }
    return this.stored
  }

  kept = () => this.inBrowser
  keep = (draft: WorkDraft | null) => { this.inBrowser = draft }
  setTimer = (run: () => void) => {
    this.timers.set(this.next, run)
    return this.next++
  }
  clearTimer = (timer: number) => { this.timers.delete(timer) }
  leads = () => this.focused

  /** Lets every pause be over, and what follows from it happen. */
  async pause(): Promise<void> {
    const due = [...this.timers.values()]
    this.timers.clear()
    for (const run of due) run()
    await settle()
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await Promise.resolve()
}

async function opened(world: World): Promise<Paper> {
  const paper = new Paper(world)
  await paper.open()
  return paper
}

describe('the paper', () => {
  it('stores what was typed once there is a pause, and only the newest', async () => {
    const world = new World()
    const paper = await opened(world)
    expect(paper.state.value).toBe('saved')
    paper.edit({ note: 'a' })
    paper.edit({ note: 'ab' })
    expect(paper.state.value).toBe('typing')
    expect(world.inBrowser?.note).toBe('ab')
    await world.pause()
    expect(world.saves.map(draft => draft.note)).toEqual(['ab'])
    expect([paper.state.value, paper.savedAt.value, world.inBrowser]).toEqual(['saved', 1000, null])
  })

  it('keeps what was typed over a reload before it was stored', async () => {
    const world = new World()
    const paper = await opened(world)
    paper.edit({ note: 'not sent yet', followUp: { kind: 'task', text: 'call', due_at: 5 } })
    const reloaded = await opened(world)
    expect(reloaded.note.value).toBe('not sent yet')
    expect(reloaded.followUp.value?.text).toBe('call')
    await world.pause()
    expect(world.stored.note).toBe('not sent yet')
    expect(world.inBrowser).toBeNull()
  })

  it('tries again while the server is away, and loses nothing', async () => {
    const world = new World()
    const paper = await opened(world)
    world.away = true
    paper.edit({ note: 'x' })
    await world.pause()
    expect([paper.state.value, world.inBrowser?.note]).toEqual(['unsaved', 'x'])
    paper.edit({ note: 'xy' })
    world.away = false
    await world.pause()
    expect([paper.state.value, world.stored.note]).toEqual(['saved', 'xy'])
  })

  it('shows nothing as empty before it could look', async () => {
    const world = new World()
    world.away = true
    world.stored = { ...world.stored, seq: 4, note: 'from before' }
    const paper = await opened(world)
    expect(paper.state.value).toBe('loading')
    world.away = false
    await world.pause()
    expect([paper.state.value, paper.note.value]).toEqual(['saved', 'from before'])
  })

  it('takes what is typed before it could look, and puts it below what stood there', async () => {
    const world = new World()
    world.stored = { ...world.stored, seq: 4, note: 'from before', follow_up: { kind: 'task', text: 'call', due_at: 5 } }
    const paper = new Paper(world)
    const looking = paper.open()
    paper.edit({ note: 'in a' })
    paper.edit({ note: 'in a hurry' })
    void paper.flush()
    expect([paper.state.value, world.saves.length, world.inBrowser?.note]).toEqual(['loading', 0, 'in a hurry'])
    await looking
    expect(paper.note.value).toBe('from before\nin a hurry')
    await world.pause()
    expect(world.stored.note).toBe('from before\nin a hurry')
    expect(world.stored.follow_up?.text).toBe('call')
    expect([paper.state.value, world.inBrowser]).toEqual(['saved', null])
  })

  it('loses nothing of it to a reload or to a server that is away', async () => {
    const world = new World()
    world.away = true
    world.stored = { ...world.stored, seq: 2, note: 'from before' }
    const paper = await opened(world)
    for (const note of ['i', 'in', 'in a', 'in a h', 'in a hurry']) paper.edit({ note })
    await world.pause()
    expect(paper.state.value).toBe('loading')
    world.away = false
    const reloaded = await opened(world)
    expect(reloaded.note.value).toBe('from before\nin a hurry')
    await world.pause()
    expect(world.stored.note).toBe('from before\nin a hurry')
  })

  it('lets the window lead in which somebody types', async () => {
    const world = new World()
    const first = await opened(world)
    const second = await opened(world)
    first.edit({ note: 'one' })
    await world.pause()
    second.edit({ note: 'two' })
    await world.pause() // refused: the first window was sooner with the same number
    await world.pause()
    expect(world.stored.note).toBe('two')
    world.focused = false
    await first.refresh()
    expect(first.note.value).toBe('two')
    second.edit({ note: 'three' })
    await world.pause()
    first.edit({ note: 'stray' })
    await world.pause()
    expect([first.note.value, world.stored.note]).toEqual(['three', 'three'])
  })

  it('puts both texts together when two browsers wrote', async () => {
    const world = new World()
    world.stored = { ...world.stored, seq: 9, note: 'stored elsewhere' }
    world.inBrowser = { seq: 3, note: 'only here', follow_up: null }
    const paper = await opened(world)
    expect(paper.note.value).toBe('stored elsewhere\nonly here')
    await world.pause()
    expect(world.stored.note).toBe('stored elsewhere\nonly here')
  })

  it('says so when the call is not known any more', async () => {
    const world = new World()
    const paper = await opened(world)
    world.save = async () => { throw new Refused(404, 'error.unknown_call') }
    paper.edit({ note: 'x' })
    await world.pause()
    expect([paper.state.value, world.inBrowser?.note]).toEqual(['gone', 'x'])
  })
})
