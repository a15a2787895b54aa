/** What single keys do.  They can be switched off, and do nothing while somebody types. */

import { signal } from '@preact/signals'
import { leads } from './board'
import { choose, choosing, movable } from './calls'
import { answerChosen, answerable, chooseOffer } from './chosen'
import { due, openDue } from './due'
import { planner } from './groups'
import { keep, kept } from './kept'
import { afterPaint } from './paint'
import { becomeAvailable, busy, chosen, currentPop, desk, extendWrapUp, language, live, me, ready, setLanguage, toggleTheme } from './store'
import { show, type View, view } from './view'
import { mayWrite } from './writing'

export type ShortcutGroup = 'everywhere' | 'call' | 'offers'

interface Shortcut {
  readonly key: string
  /** Its words are `key.<name>`. */
  readonly name: ShortcutName
  readonly group: ShortcutGroup
  readonly may: () => boolean
  readonly run: () => void
}

export type ShortcutName =
  | 'help' | 'desk' | 'day' | 'knowledge' | 'board' | 'groups' | 'people' | 'article_new' | 'article_edit' | 'due' | 'available' | 'pause' | 'language' | 'theme'
  | 'next_call' | 'transfer' | 'consult' | 'find' | 'note' | 'outcome' | 'follow' | 'extend' | 'ready'
  | 'accepted' | 'declined' | 'later'

export const helpOpen = signal(false)
/** WCAG 2.1.4: who speaks to the computer, or types by accident, can do without. */
export const keysOn = signal(kept('keys') !== 'off')

export function setKeysOn(on: boolean): void {
  keysOn.value = on
  keep('keys', on ? null : 'off')
}

const always = () => true
const agent = () => me.value?.agent_id != null
const changeable = () => agent() && live.value && !busy.value && ['logged_out', 'available', 'paused'].includes(desk.value.status.state)
const wrapping = () => desk.value.wrapUp !== null && live.value && !busy.value

export const SHORTCUTS: readonly Shortcut[] = [
  { key: '?', name: 'help', group: 'everywhere', may: always, run: () => { helpOpen.value = !helpOpen.value } },
  { key: 'h', name: 'desk', group: 'everywhere', may: always, run: () => show('desk') },
  { key: 'm', name: 'day', group: 'everywhere', may: always, run: () => show('day') },
  { key: 'b', name: 'board', group: 'everywhere', may: () => leads.value, run: nextBoard },
  { key: 'k', name: 'knowledge', group: 'everywhere', may: always, run: () => goTo('knowledge', 'knowledge') },
  { key: 'g', name: 'groups', group: 'everywhere', may: () => planner.value, run: () => show('groups') },
  { key: 'u', name: 'people', group: 'everywhere', may: always, run: () => goTo('people', 'people') },
  { key: 'i', name: 'article_new', group: 'everywhere', may: () => mayWrite.value && view.value === 'knowledge', run: () => press('[data-key-target=article-new]') },
  { key: 'w', name: 'article_edit', group: 'everywhere', may: () => mayWrite.value && view.value === 'knowledge', run: () => press('[data-key-target=article-edit]') },
  { key: 'j', name: 'due', group: 'everywhere', may: () => due.value.length > 0, run: () => openDue(due.value[0]?.follow_up_id ?? '') },
  { key: 'v', name: 'available', group: 'everywhere', may: changeable, run: () => void becomeAvailable() },
  { key: 'p', name: 'pause', group: 'everywhere', may: changeable, run: () => press('[data-testid=pause]') },
  { key: 'y', name: 'language', group: 'everywhere', may: always, run: () => setLanguage(language.value === 'zh' ? 'en' : 'zh') },
  { key: 't', name: 'theme', group: 'everywhere', may: always, run: toggleTheme },
  { key: 'c', name: 'next_call', group: 'call', may: () => desk.value.pops.length > 1, run: nextCall },
  { key: 'x', name: 'transfer', group: 'call', may: () => movable.value, run: () => choose('transfer') },
  { key: 'q', name: 'consult', group: 'call', may: () => movable.value, run: () => choose('consult') },
  { key: 's', name: 'find', group: 'call', may: always, run: () => goTo('find') },
  { key: 'n', name: 'note', group: 'call', may: always, run: () => goTo('note') },
  { key: 'o', name: 'outcome', group: 'call', may: always, run: () => goTo('outcome') },
  { key: 'f', name: 'follow', group: 'call', may: always, run: () => press('[data-key-target=follow]') },
  { key: 'e', name: 'extend', group: 'call', may: wrapping, run: () => void extendWrapUp() },
  { key: 'r', name: 'ready', group: 'call', may: wrapping, run: () => void ready() },
  { key: 'a', name: 'accepted', group: 'offers', may: () => answerable.value, run: () => answerChosen('accepted') },
  { key: 'd', name: 'declined', group: 'offers', may: () => answerable.value, run: () => answerChosen('declined') },
  { key: 'l', name: 'later', group: 'offers', may: () => answerable.value, run: () => answerChosen('presented') },
]

/** Does what the pressed key stands for; returns whether it stands for anything now. */
export function pressed(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return false
  if (isTyping(event.target)) {
    if (event.key === 'Escape') (event.target as HTMLElement).blur()
    return false
  }
  if (event.repeat || (!keysOn.value && event.key !== '?') || (helpOpen.value && event.key !== '?') || choosing.value !== null) return false
  if (/^[1-9]$/.test(event.key)) {
    if ((currentPop.value?.customer?.offers.length ?? 0) < Number(event.key)) return false
    chooseOffer(Number(event.key) - 1)
    return true
  }
  const shortcut = SHORTCUTS.find(each => each.key === event.key.toLowerCase())
  if (shortcut === undefined || !shortcut.may()) return false
  shortcut.run()
  return true
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target instanceof HTMLInputElement) return !['radio', 'checkbox', 'button', 'range'].includes(target.type)
  return target.isContentEditable || ['TEXTAREA', 'SELECT'].includes(target.tagName) || target.closest('[role=menu]') !== null
}

function goTo(target: string, on: View = 'desk'): void {
  const selector = `[data-key-target=${target}]`
  // At once where it can be: what is typed right after the key belongs into the field.
  if (view.peek() === on) return at(selector, field => field.focus())
  show(on)
  requestAnimationFrame(() => document.querySelector<HTMLElement>(selector)?.focus())
}

/** The three pages of the board, one after the other. */
function nextBoard(): void {
  const pages: readonly View[] = ['board', 'plots', 'reports']
  show(pages[(pages.indexOf(view.peek()) + 1) % pages.length] ?? 'board')
}

function press(selector: string): void {
  at(selector, button => button.click())
}

/** Does it at once, or when the call that has just come is drawn as a whole. */
function at(selector: string, act: (element: HTMLElement) => void): void {
  const found = document.querySelector<HTMLElement>(selector)
  if (found !== null) act(found)
  else afterPaint(() => {
    const late = document.querySelector<HTMLElement>(selector)
    if (late !== null) act(late)
  })
}

function nextCall(): void {
  const ids = desk.value.pops.map(pop => pop.call_id)
  chosen.value = ids[(ids.indexOf(currentPop.value?.call_id ?? '') + 1) % ids.length] ?? null
}
