import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/preact'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { day, errorWords, t } from '../src/i18n'
import { en } from '../src/i18n/en'
import { zh } from '../src/i18n/zh'
import { apply, EMPTY } from '../src/state/desk'
import { keysOn, pressed, SHORTCUTS } from '../src/state/shortcuts'
import { catalogue, desk, language, line, me, phase, problem } from '../src/state/store'
import { clockFace, now } from '../src/state/time'
import { App } from '../src/ui/App'
import type { CustomerCard, Pop } from '../src/wire/messages.gen'

const text = (zh: string, en: string) => ({ zh, en })
const CARD: CustomerCard = {
  customer_id: 'C1', name: '王**', phone: '+86 138****8000', segment: 'gold', segment_reason: text('资产达标', 'Assets'),
  language: 'zh', customer_since: '2015-03-08', products: [text('活期', 'Current')], balance_band: text('50万以上', 'Above 500,000'),
  flags: ['fraud'], relationship_manager: null,
  interactions: [{ at: 1_700_000_000, channel: 'app', summary: text('转账', 'Transfer'), topic: 'transfers', satisfaction: 4 }],
  needs: [],
  menu_paths: [],
  satisfaction: { last: 4, last_at: 1_700_000_000, mean: 4, count: 1 },
  cases: [{ case_id: 'k1', kind: 'complaint', status: 'open', subject: text('费用', 'A fee'), opened_at: 1000, due_at: null }],
  offers: [{ offer_id: 'o1', title: text('存单', 'Deposit'), reason: text('余额高', 'High balance'), script: text('您好', 'Hello'), chance: 0.2, worth: 80 }],
  scores: [],
  services: [],
  personal: [],
}
const POP: Pop = {
  call_id: 'c1', pop_id: 'c1/1001/1', route: [text('客户上次由您接待', 'You served this customer last time')],
  phase: 'ringing', queue: 'vip', reason: 'card', callback: false, menu_path: ['main', 'unnamed_node'], verified: 'number',
  language: 'zh', number: '+86 138****8000', queued_at: 1000, raised_at: 1030, connected_at: null, ended_at: null,
  brief: 'loading', customer: null, consultation: null, answers: {}, candidates: [],
}

/** A server without papers yet, that knows nothing else. */
async function answer(path: string): Promise<Response> {
  const work = { call_id: 'c1', seq: 0, note: '', follow_up: null, saved_at: null }
  return path.endsWith('/work')
    ? new Response(JSON.stringify(work))
    : new Response(JSON.stringify({ code: 'not_now', text_key: 'error.not_now' }), { status: 404 })
}

beforeEach(() => {
  vi.stubGlobal('fetch', answer)
  keysOn.value = true
  language.value = 'zh'
  phase.value = 'signed_in'
  line.value = 'open'
  now.value = 1040
  problem.value = null
  me.value = { login: 'wang', display_name: '王静', role: 'agent', language: 'zh', agent_id: '1001' }
  catalogue.value = {
    queues: { vip: text('贵宾专线', 'Priority line') }, reasons: { card: text('信用卡', 'Credit card') },
    nodes: { main: text('主菜单', 'Main menu') }, pause_reasons: [{ code: 'lunch', text: text('用餐', 'Lunch') }],
    disposition_groups: [{ code: 'done', text: text('已办结', 'Settled') }],
    dispositions: [{ code: 'solved', text: text('已解决', 'Solved'), group: 'done', queues: [], words: [] }], extend_wrap_up_s: 60,
  }
  desk.value = { ...EMPTY, status: { state: 'available', since: 1000, reason: '' } }
})
afterEach(cleanup)

const shown = (id: string) => screen.getByTestId(id).textContent

describe('the page', () => {
  it('draws who calls and what to offer before anything else', async () => {
    desk.value = { ...desk.value, pops: [{ ...POP, call_id: 'first', brief: 'ready', customer: CARD }] }
    render(<App />)
    expect(shown('caller-name')).toBe('王**')
    expect(shown('flags')).toContain('欺诈风险警示')
    expect(screen.getByTestId('offers')).toBeTruthy()
    expect(screen.queryByTestId('timeline')).toBeNull()
    expect(screen.queryByTestId('note')).toBeNull()
    await screen.findByTestId('timeline')
    expect(screen.getByTestId('note')).toBeTruthy()
    // Who comes back to the call finds it whole.
    cleanup()
    render(<App />)
    expect(screen.getByTestId('timeline')).toBeTruthy()
  })

  it('shows what is known while the brief loads, then the customer', async () => {
    desk.value = { ...desk.value, pops: [POP] }
    render(<App />)
    expect(screen.getByTestId('loading')).toBeTruthy()
    expect(shown('caller-number')).toBe('+86 138****8000')
    expect(shown('verified')).toContain('仅号码匹配')
    expect(shown('reason')).toBe('信用卡')
    expect(shown('route')).toBe('客户上次由您接待')
    expect(screen.getByText('主菜单')).toBeTruthy()
    expect(screen.queryByText('unnamed_node')).toBeNull()
    desk.value = { ...desk.value, pops: [{ ...POP, brief: 'ready', customer: CARD }] }
    await screen.findByTestId('segment')
    expect(shown('caller-name')).toBe('王**')
    expect(shown('segment')).toBe('金卡客户')
    expect(shown('flags')).toContain('欺诈风险警示')
    expect(shown('offers')).toContain('余额高')
    // What stands below follows once this was drawn.
    await screen.findByTestId('cases')
    expect(shown('timeline')).toContain('转账')
  })

  it('says that a colleague asks, and forgets it when one has the customer', async () => {
    const asked = { agent_id: '1001', asked_by: '1002', answered: false, conference: false }
    desk.value = { ...desk.value, pops: [{ ...POP, consultation: asked }] }
    render(<App />)
    expect(shown('asked')).toContain('1002想咨询您')
    expect(shown('phase')).toBe('同事咨询')
    desk.value = { ...desk.value, pops: [{ ...POP, consultation: { ...asked, answered: true } }] }
    await screen.findByText('1002正在咨询您，客户听不到')
    expect(screen.getByTestId('pop').dataset.phase).toBe('connected')
    desk.value = apply({ ...desk.value, seq: 0 }, { seq: 1, message: { type: 'pop_connected', call_id: 'c1', connected_at: 1035 } })
    await screen.findByTestId('call-control')
    expect(screen.queryByTestId('asked')).toBeNull()
    expect(shown('phase')).toBe('通话中')
  })

  it('switches every word at once', async () => {
    desk.value = { ...desk.value, pops: [{ ...POP, brief: 'ready', customer: CARD }] }
    render(<App />)
    language.value = 'en'
    await screen.findByText('Suggested offers')
    expect(shown('segment')).toBe('Gold')
    expect(shown('reason')).toBe('Credit card')
    expect(shown('balance')).toBe('Above 500,000')
    await waitFor(() => {
      // People's names, the avatar's letter and the other language's own name stay.
      const left = document.body.textContent!.replace(/王(\*\*|静)?|中文/g, '')
      expect(left).not.toMatch(/\p{Script=Han}/u)
    })
  })

  it('says that nobody knows the caller', () => {
    desk.value = { ...desk.value, pops: [{ ...POP, brief: 'unknown', number: '', verified: 'none' }] }
    render(<App />)
    expect(shown('caller-name')).toBe('未识别的来电')
    expect(shown('caller-number')).toBe('号码未显示')
    expect(screen.queryByTestId('offers')).toBeNull()
  })

  it('tells screen readers of a call once it is known who calls', async () => {
    desk.value = { ...desk.value, pops: [POP] }
    render(<App />)
    expect(shown('announcer')).toBe('')
    desk.value = { ...desk.value, pops: [{ ...POP, brief: 'ready', customer: CARD }] }
    await screen.findByText('来电：王**，金卡客户，仅号码匹配')
  })

  it('shows the wrap-up with its choice', () => {
    desk.value = {
      ...desk.value,
      status: { state: 'wrap_up', since: 1030, reason: '' },
      wrapUp: { call_id: 'c1', started_at: 1030, until: 1060, disposition: 'solved' },
    }
    render(<App />)
    expect(shown('wrap-up')).toContain('00:20')
    expect((screen.getByLabelText('已解决') as HTMLInputElement).checked).toBe(true)
  })

  it('lets the agent change the state only where that makes sense', () => {
    const { unmount } = render(<App />)
    const pause = () => screen.getByTestId('pause') as HTMLButtonElement
    expect(pause().disabled).toBe(false)
    expect((screen.getByTestId('available') as HTMLButtonElement).disabled).toBe(true)
    line.value = 'lost'
    unmount()
    render(<App />)
    expect(pause().disabled).toBe(true)
    expect(shown('line')).toContain('正在重连')
  })

  it('opens the reasons for a pause and closes them with Escape', async () => {
    render(<App />)
    fireEvent.click(screen.getByTestId('pause'))
    const lunch = await screen.findByRole('menuitemradio', { name: '用餐' })
    expect(document.activeElement).toBe(lunch)
    fireEvent.keyDown(lunch, { key: 'Escape' })
    await Promise.resolve()
    expect(screen.queryByRole('menu')).toBeNull()
    expect(document.activeElement).toBe(screen.getByTestId('pause'))
  })

  it('opens the chosen offer and shows what was noted of it', async () => {
    const second = { ...CARD.offers[0]!, offer_id: 'o2', title: text('基金', 'Fund'), chance: 0 }
    desk.value = { ...desk.value, pops: [{ ...POP, brief: 'ready', phase: 'connected', customer: { ...CARD, offers: [CARD.offers[0]!, second] } }] }
    render(<App />)
    const open = () => screen.getAllByRole('button', { expanded: true }).map(each => each.textContent)
    expect(open()[0]).toContain('存单')
    expect(pressed(new KeyboardEvent('keydown', { key: '2' }))).toBe(true)
    await waitFor(() => expect(open()[0]).toContain('基金'))
    expect(pressed(new KeyboardEvent('keydown', { key: '3' }))).toBe(false)
    desk.value = { ...desk.value, pops: desk.value.pops.map(pop => ({ ...pop, answers: { o2: 'declined' as const } })) }
    await screen.findByText('客户拒绝')
  })

  it('lets the agent choose among candidates, but not against a PIN', () => {
    const candidates = [{ customer_id: 'C1', name: '王**', phone: '', segment: 'gold' as const, reasons: [text('昨天来电', 'Called yesterday')], need: null }]
    const pop = { ...POP, brief: 'unknown' as const, candidates }
    desk.value = { ...desk.value, pops: [pop] }
    const { unmount } = render(<App />)
    expect(shown('candidates')).toContain('昨天来电')
    const choose = () => screen.getByRole('button', { name: /是这位：王/ }) as HTMLButtonElement
    expect(choose().disabled).toBe(false)
    unmount()
    desk.value = { ...desk.value, pops: [{ ...pop, verified: 'pin' }] }
    render(<App />)
    expect(choose().disabled).toBe(true)
  })

  it('does nothing by single keys once they are switched off, but shows the sheet', () => {
    keysOn.value = false
    expect(pressed(new KeyboardEvent('keydown', { key: 'y' }))).toBe(false)
    expect(language.value).toBe('zh')
    expect(pressed(new KeyboardEvent('keydown', { key: '?' }))).toBe(true)
    expect(pressed(new KeyboardEvent('keydown', { key: '?' }))).toBe(true)
  })

  it('shows the open cases and what the customer thought of the last talks', () => {
    desk.value = { ...desk.value, pops: [{ ...POP, brief: 'ready', customer: CARD }] }
    render(<App />)
    expect(shown('cases')).toContain('费用')
    expect(shown('satisfaction')).toContain('4.0 / 5')
  })

  it('says that the day cannot be read, and offers to try again', async () => {
    render(<App />)
    const failures = await screen.findAllByRole('button', { name: '重试' })
    expect(failures.length).toBe(4)
  })

  it('says what went wrong when a command cannot leave', async () => {
    desk.value = { ...desk.value, status: { state: 'paused', since: 1000, reason: 'lunch' } }
    render(<App />)
    expect(shown('state')).toContain('用餐')
    fireEvent.click(screen.getByTestId('available'))
    expect((await screen.findByTestId('problem')).textContent).toContain('连接中断')
  })
})

describe('the keys', () => {
  it('stand for one thing each, and their words are on the sheet', () => {
    const keys = SHORTCUTS.map(each => each.key)
    expect(new Set(keys).size).toBe(keys.length)
    for (const each of SHORTCUTS) expect(zh[`key.${each.name}`], each.name).toBeTruthy()
  })
})

describe('words', () => {
  it('exist in both languages, with the same blanks', () => {
    const blanks = (words: string) => (words.match(/\{\w+\}/g) ?? []).sort()
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort())
    for (const key of Object.keys(zh) as (keyof typeof zh)[]) {
      expect(blanks(en[key]), key).toEqual(blanks(zh[key]))
      expect(en[key], key).not.toBe('')
    }
  })

  it('fill their blanks and know a general error', () => {
    expect(t('action.extend', { seconds: 60 })).toBe('延长 60 秒')
    expect(errorWords('error.not_yet_invented')).toBe(zh['error.internal'])
  })

  it('write days as people do', () => {
    const at = Date.UTC(2026, 2, 8, 12) / 1000
    expect(day(at, at + 86_400)).toBe('3月8日')
    expect(day(at, at + 400 * 86_400)).toBe('2026年3月8日')
    language.value = 'en'
    expect(day(at, at + 86_400)).toBe('8 Mar')
  })

  it('write durations as a clock', () => {
    expect([0, 5.9, 75, 3675, -3].map(clockFace)).toEqual(['00:00', '00:05', '01:15', '1:01:15', '00:00'])
  })
})
