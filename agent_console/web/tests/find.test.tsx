import { cleanup, fireEvent, render, screen } from '@testing-library/preact'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { hits, look, reading } from '../src/state/knowledge'
import { language, line } from '../src/state/store'
import { FindCustomer } from '../src/ui/FindCustomer'
import { KnowledgeView } from '../src/ui/KnowledgeView'
import type { Pop } from '../src/wire/messages.gen'

const text = (zh: string, en: string) => ({ zh, en })
const POP: Pop = {
  call_id: 'c1', pop_id: '', route: [], phase: 'connected', queue: 'vip', reason: '', callback: false, menu_path: [],
  verified: 'none', language: 'zh', number: '+86 138****8000', queued_at: 1, raised_at: 2, connected_at: 3, ended_at: null,
  brief: 'unknown', customer: null, consultation: null, answers: {}, candidates: [],
}
const asked: [string, unknown][] = []
let found: unknown[] = []

async function server(path: string, init: RequestInit): Promise<Response> {
  asked.push([path, init.body === undefined ? null : JSON.parse(String(init.body))])
  const answers: Record<string, unknown> = {
    '/api/customers/search': found,
    '/api/knowledge/rights': { departments: [], everywhere: false },
    '/api/knowledge/articles/fee': {
      article_id: 'fee', version: 2, department: 'cards', audience: 'everybody', topics: [], title: text('年费', 'Fee'),
      body: text('消费满 6 万元可免', 'Free above 60,000'), script: text('', ''), changed_at: 5, changed_by: 'boss', archived: false, may_write: false,
    },
  }
  if (path.startsWith('/api/knowledge?')) return new Response(JSON.stringify(found))
  return new Response(JSON.stringify(answers[path] ?? { customer_id: 'C1' }))
}

beforeEach(() => {
  vi.stubGlobal('fetch', server)
  asked.length = 0
  language.value = 'zh'
  line.value = 'open'
})
afterEach(cleanup)

describe('an unknown caller', () => {
  it('is searched for, chosen and remembered', async () => {
    found = [{ customer_id: 'C7', name: '李**', phone: '', segment: 'gold', reasons: [], need: null }]
    render(<FindCustomer pop={POP} />)
    const field = screen.getByLabelText(/姓名/) as HTMLInputElement
    field.value = '李娜 0015'
    fireEvent.submit(field.form!)
    fireEvent.click(await screen.findByRole('button', { name: /是这位：李/ }))
    await vi.waitFor(() => expect(asked).toEqual([
      ['/api/customers/search', { call_id: 'c1', name: '李娜', card_tail: '0015' }],
      ['/api/calls/c1/customer', { customer_id: 'C7', remember: true }],
    ]))
  })

  it('becomes a prospect where nobody is found', async () => {
    found = []
    render(<FindCustomer pop={POP} />)
    const field = screen.getByLabelText(/姓名/) as HTMLInputElement
    field.value = '张三丰'
    fireEvent.submit(field.form!)
    fireEvent.click(await screen.findByTestId('prospect'))
    await vi.waitFor(() => expect(asked[1]).toEqual(['/api/calls/c1/prospect', { name: '张三丰', language: 'zh' }]))
  })

  it('cannot be searched for while it rings', () => {
    render(<FindCustomer pop={{ ...POP, phase: 'ringing' }} />)
    expect((screen.getByLabelText(/姓名/) as HTMLInputElement).disabled).toBe(true)
  })
})

describe('the knowledge base', () => {
  it('shows what it finds, and the article', async () => {
    found = [{ article_id: 'fee', title: text('年费', 'Fee'), snippet: text('…', '…'), topics: [], department: 'cards', changed_at: 5, has_script: false }]
    reading.value = null
    hits.forget()
    render(<KnowledgeView />)
    fireEvent.click(await screen.findByRole('button', { name: /年费/ }))
    expect((await screen.findByTestId('article')).textContent).toContain('6 万元')
    found = []
    look('nothing')
    await screen.findByText('没有匹配的文章')
    expect(asked.at(-1)?.[0]).toBe('/api/knowledge?limit=30&q=nothing')
  })
})
