import { cleanup, fireEvent, render, screen } from '@testing-library/preact'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { language, line } from '../src/state/store'
import { Unmask } from '../src/ui/Unmask'
import type { Pop } from '../src/wire/messages.gen'

const POP = {
  call_id: 'c1',
  verified: 'pin',
  customer: {
    customer_id: 'C1',
    personal: [
      { field: 'phone', shown: '+86 138****8000', on_request: true },
      { field: 'id_number', shown: '****2X', on_request: false },
    ],
  },
} as unknown as Pop

const asked: [string, string][] = []
let answer: [number, unknown] = [200, { field: 'phone', value: '+8613800138000' }]

beforeEach(() => {
  language.value = 'zh'
  line.value = 'open'
  asked.length = 0
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    asked.push([path, String(init.body)])
    return new Response(JSON.stringify(answer[1]), { status: answer[0] })
  })
})
afterEach(cleanup)

const cell = () => screen.getByTestId('personal-phone').textContent ?? ''

async function ask(reason: string) {
  fireEvent.click(screen.getByRole('button', { name: '查看完整电话' }))
  fireEvent.input(await screen.findByLabelText('查看电话的理由'), { target: { value: reason } })
  await screen.findByText('每次查看及理由都会记入审计日志。')
  fireEvent.submit(screen.getByLabelText('查看电话的理由').closest('form')!)
}

it('shows a whole value for a reason, and hides it again', async () => {
  answer = [200, { field: 'phone', value: '+8613800138000' }]
  render(<Unmask pop={POP} />)
  expect(screen.queryByRole('button', { name: '查看完整证件号码' })).toBeNull()
  await ask('客户要求回电')
  await screen.findByText('+8613800138000')
  expect(asked).toEqual([['/api/calls/c1/unmask', '{"field":"phone","reason":"客户要求回电"}']])
  fireEvent.click(screen.getByRole('button', { name: '隐藏电话' }))
  await screen.findByText('+86 138****8000')
  expect(cell()).not.toContain('13800138000')
})

it('says why nothing is shown', async () => {
  answer = [403, { code: 'not_allowed', text_key: 'error.not_allowed' }]
  render(<Unmask pop={POP} />)
  await ask('客户要求回电')
  await screen.findByText(text => text !== '' && text !== '每次查看及理由都会记入审计日志。' && text.includes('。'))
  expect(cell()).toContain('+86 138****8000')
})

it('forgets a value when another customer is chosen', async () => {
  answer = [200, { field: 'phone', value: '+8613800138000' }]
  const page = render(<Unmask pop={POP} />)
  await ask('客户要求回电')
  await screen.findByText('+8613800138000')
  page.rerender(<Unmask pop={{ ...POP, customer: { ...POP.customer!, customer_id: 'C2' } }} />)
  expect(cell()).not.toContain('+8613800138000')
})
