import { describe, expect, it } from 'vitest'
import { queryOf } from '../src/wire/callers'

describe('what the agent typed', () => {
  it('is a number, or a name with a card behind it', () => {
    expect(queryOf('c1', '138 0013 8000')).toEqual({ call_id: 'c1', number: '138 0013 8000' })
    expect(queryOf('c1', '王芳 0015')).toEqual({ call_id: 'c1', name: '王芳', card_tail: '0015' })
    expect(queryOf('c1', 'Smith, John')).toEqual({ call_id: 'c1', name: 'Smith, John', card_tail: '' })
    expect(queryOf('c1', '0015')).toEqual({ call_id: 'c1', name: '', card_tail: '0015' })
  })
})
