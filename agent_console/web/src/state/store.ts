/** The page's state as signals, and what the person can do. */

import { computed, effect, signal } from '@preact/signals'
import type { Catalogue, ErrorKey, Language } from './types'
import type { AnswerOffer, ClientMessage, Envelope, Me, Pop, ServerMessage, SkillChoice } from '../wire/messages.gen'
import { Line, type LineState, type SocketLike } from '../wire/line'
import * as rest from '../wire/rest'
import { apply, EMPTY, resumeOf } from './desk'
import { kept, keep } from './kept'
import { synchronise, tick } from './time'

export type Phase = 'starting' | 'signed_out' | 'signed_in'
export type Theme = 'light' | 'dark'

const NO_WORDS: Catalogue = {
  queues: {}, reasons: {}, nodes: {}, pause_reasons: [], disposition_groups: [], dispositions: [], extend_wrap_up_s: 60,
}

export const phase = signal<Phase>('starting')
export const me = signal<Me | null>(null)
export const desk = signal(EMPTY)
export const line = signal<LineState>('stopped')
export const catalogue = signal<Catalogue>(NO_WORDS)
export const language = signal<Language>(kept('language') === 'en' ? 'en' : 'zh')
export const theme = signal<Theme>(firstTheme())
/** Numbers of the commands that are on their way. */
export const pending = signal<ReadonlySet<number>>(new Set())
/** Key of the last error's words, until it is dismissed or something succeeds. */
export const problem = signal<ErrorKey | null>(null)
/** The call that the person chose to look at, if there are several. */
export const chosen = signal<string | null>(null)

export const live = computed(() => line.value === 'open')
export const busy = computed(() => pending.value.size > 0)
/** Parts of the desk that change seldom: who shows them is not drawn anew with each message. */
export const pops = computed(() => desk.value.pops)
export const wrapUp = computed(() => desk.value.wrapUp)
export const ownState = computed(() => desk.value.status.state)
export const currentPop = computed<Pop | null>(() => {
  return pops.value.find(pop => pop.call_id === chosen.value) ?? pops.value.at(-1) ?? null
})

/** Whether anybody can see this page at all. */
export const visible = signal(document.visibilityState === 'visible')

let nextRef = 1
/** What to tell those who wait for the answer to a command. */
const waiting = new Map<number, (done: boolean) => void>()
/** Called with every message after it was applied. */
const watchers: ((message: ServerMessage) => void)[] = []
/** This page's name for itself, so that the server counts it once. */
const PAGE = Array.from(crypto.getRandomValues(new Uint8Array(8)), byte => byte.toString(16).padStart(2, '0')).join('')

const wire = new Line(
  {
    ticket: rest.socketTicket,
    open: () => new WebSocket(`${location.origin.replace(/^http/, 'ws')}/ws`) as SocketLike,
    resume: () => resumeOf(desk.value),
    setTimer: (run, ms) => window.setTimeout(run, ms),
    clearTimer: timer => window.clearTimeout(timer),
    random: Math.random,
  },
  {
    state: state => {
      line.value = state
      if (state !== 'open') {
        // Whether these were carried out is seen from what the desk says after the reconnection.
        for (const ref of pending.value) settle(ref, false)
      }
    },
    envelope: receive,
    signedOut: leave,
  },
)

function receive(envelope: Envelope): void {
  const message = envelope.message
  // A time that the message brings must not lie before what the page takes for now.
  tick()
  desk.value = apply(desk.value, envelope)
  switch (message.type) {
    case 'welcome':
      synchronise(message.now)
      me.value = message.me
      catalogue.value = message.catalogue
      break
    case 'pop_raised':
      chosen.value = message.pop.call_id
      break
    case 'accepted':
      settle(message.ref, true)
      problem.value = null
      break
    case 'failed':
      if (message.ref !== null) settle(message.ref, false)
      problem.value = message.text_key
      break
  }
  for (const watcher of watchers) watcher(message)
}

/** Calls `watcher` with every message of the server from now on. */
export function watch(watcher: (message: ServerMessage) => void): void {
  watchers.push(watcher)
}

function settle(ref: number, done: boolean): void {
  waiting.get(ref)?.(done)
  waiting.delete(ref)
  const left = new Set(pending.value)
  left.delete(ref)
  pending.value = left
}

type WithoutRef<T> = T extends { ref: number } ? Omit<T, 'ref'> : never

/** Sends a command; resolves to whether the server is known to have carried it out. */
export function command(message: WithoutRef<ClientMessage>): Promise<boolean> {
  const ref = nextRef++
  if (!wire.send({ ...message, ref } as ClientMessage)) {
    problem.value = 'error.offline'
    return Promise.resolve(false)
  }
  pending.value = new Set([...pending.value, ref])
  return new Promise(resolve => waiting.set(ref, resolve))
}

/** Tells the server that a pop stands on the screen; after a reconnection it is told again. */
export const shown = (popId: string) => wire.send({ type: 'shown', pop_id: popId, page: PAGE })

export const becomeAvailable = () => command({ type: 'set_state', state: 'available' })
export const pause = (reason: string) => command({ type: 'set_state', state: 'paused', reason })
export const ready = () => command({ type: 'ready' })
export const extendWrapUp = () => command({ type: 'extend_wrap_up' })
export type OfferAnswer = AnswerOffer['answer']
export const answerOffer = (callId: string, offerId: string, answer: OfferAnswer) =>
  command({ type: 'answer_offer', call_id: callId, offer_id: offerId, answer })
export const orderState = (agentId: string, state: 'available' | 'paused' | 'logged_out', reason = '') =>
  command({ type: 'order_state', agent_id: agentId, state, reason })
export const orderSkills = (agentId: string, skills: readonly SkillChoice[]) =>
  command({ type: 'order_skills', agent_id: agentId, skills })
export const moveCall = (callId: string, queue: string | null, priority: number | null) =>
  command({ type: 'move_call', call_id: callId, queue, priority })
export const orderWrapUpEnd = (agentId: string) => command({ type: 'order_wrap_up_end', agent_id: agentId })
export const chooseCustomer = (callId: string, customerId: string) =>
  command({ type: 'choose_customer', call_id: callId, customer_id: customerId })
export const dispose = (callId: string, code: string) => command({ type: 'dispose', call_id: callId, code })

export async function start(): Promise<void> {
  window.setInterval(tick, 1000)
  window.addEventListener('online', () => wire.hurry())
  document.addEventListener('visibilitychange', () => {
    visible.value = document.visibilityState === 'visible'
    if (document.visibilityState === 'visible') {
      tick()
      wire.hurry()
    }
  })
  effect(() => {
    document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en'
    keep('language', language.value)
  })
  for (let wait = 500; ; wait = Math.min(5000, wait * 2)) {
    try {
      const session = await rest.whoAmI()
      if (session === null) phase.value = 'signed_out'
      else enter(session.me)
      return
    } catch {
      problem.value = 'error.offline'
      await new Promise(resume => window.setTimeout(resume, wait))
    }
  }
}

/** Returns the key of what went wrong, or `null` when the person is in. */
export async function signIn(login: string, password: string): Promise<ErrorKey | null> {
  try {
    const session = await rest.signIn({ login, password })
    enter(session.me)
    if (session.me.language !== language.value) void saveLanguage()
    return null
  } catch (error) {
    return error instanceof rest.Refused ? error.textKey : 'error.offline'
  }
}

export async function signOut(): Promise<void> {
  try {
    await rest.signOut()
  } catch (error) {
    if (!(error instanceof rest.Refused && error.status === 401)) {
      problem.value = 'error.offline'
      return
    }
  }
  leave()
}

export function setLanguage(to: Language): void {
  language.value = to
  void saveLanguage()
}

export function toggleTheme(): void {
  theme.value = theme.value === 'dark' ? 'light' : 'dark'
  keep('theme', theme.value)
}

function enter(person: Me): void {
  me.value = person
  problem.value = null
  phase.value = 'signed_in'
  wire.start()
}

function leave(): void {
  wire.stop()
  me.value = null
  desk.value = EMPTY
  chosen.value = null
  phase.value = 'signed_out'
}

async function saveLanguage(): Promise<void> {
  if (me.value === null) return
  // The page has switched already; the server only remembers it for the next browser.
  await rest.setLanguage({ language: language.value }).catch(() => undefined)
}

function firstTheme(): Theme {
  const before = kept('theme')
  if (before === 'light' || before === 'dark') return before
  return window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}
