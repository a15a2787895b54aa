import { expect, it } from 'vitest'
import { device } from '../src/state/people'
import { slugOf } from '../src/state/writing'

it('says in short what a browser is', () => {
  const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36'
  expect(device(windows)).toBe('Chrome · Windows')
  expect(device(`${windows} Edg/126.0`)).toBe('Edge · Windows')
  expect(device('Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0')).toBe('Firefox · Linux')
  expect(device('curl/8.5')).toBe('curl/8.5')
  expect(device('')).toBe('')
})

it('makes an id of a title that the server takes', () => {
  expect(slugOf('Replacing a Lost Card!')).toBe('replacing-a-lost-card')
  expect(slugOf('失卡补办')).toBe('')
  expect(slugOf('x'.repeat(63) + ' yes')).toMatch(/^[a-z0-9][a-z0-9-]{0,63}$/)
})
