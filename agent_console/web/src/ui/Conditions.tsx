import { local, t } from '../i18n'
import { changeCondition, type Condition, MOST_CONDITIONS, setConditions, SIGNS } from '../state/groups'
import type { GroupFields } from '../wire/messages.gen'
import { Icon } from './Icon'

const SHOWN: Readonly<Record<string, string>> = { '>=': '≥', '<=': '≤', '>': '>', '<': '<', '=': '=', '!=': '≠' }

/** The conditions, all of which must hold; a row each. */
export function Conditions({ known, all }: { known: GroupFields, all: readonly Condition[] }) {
  const first = known.numbers[0]
  return (
    <fieldset class="conditions">
      <legend>{t('groups.conditions')}</legend>
      {all.length === 0 && <p class="muted">{t('groups.all')}</p>}
      {all.map((each, at) => <Row key={at} known={known} each={each} at={at} all={all} />)}
      <button
        type="button"
        class="button small"
        data-testid="add-condition"
        disabled={all.length >= MOST_CONDITIONS || first === undefined}
        onClick={() => { if (first !== undefined) setConditions([...all, { field: first.code, sign: '>=', value: '' }]) }}
      >
        <Icon name="plus" size={14} />{t('groups.add')}
      </button>
    </fieldset>
  )
}

interface RowProps {
  known: GroupFields
  each: Condition
  /** Counts from 0. */
  at: number
  all: readonly Condition[]
}

function Row({ known, each, at, all }: RowProps) {
  const place = at + 1
  const word = known.words.find(one => one.code === each.field)
  const pick = (field: string) => {
    const as = known.words.find(one => one.code === field)
    changeCondition(at, { field, sign: as === undefined ? '>=' : '=', value: as?.values[0]?.code ?? '' })
  }
  return (
    <div class="condition">
      <select aria-label={t('groups.field', { place })} value={each.field} onChange={event => pick(event.currentTarget.value)}>
        <optgroup label={t('groups.numbers')}>
          {known.numbers.map(one => <option key={one.code} value={one.code}>{local(one.text)}</option>)}
        </optgroup>
        <optgroup label={t('groups.words')}>
          {known.words.map(one => <option key={one.code} value={one.code}>{local(one.text)}</option>)}
        </optgroup>
      </select>
      <select aria-label={t('groups.sign', { place })} value={each.sign} onChange={event => changeCondition(at, { sign: event.currentTarget.value })}>
        {word === undefined
          ? SIGNS.map(sign => <option key={sign} value={sign}>{SHOWN[sign]}</option>)
          : <><option value="=">{t('groups.is')}</option><option value="!=">{t('groups.is_not')}</option></>}
      </select>
      <Value word={word} each={each} at={at} />
      <button type="button" class="icon-button" aria-label={t('groups.remove', { place })} title={t('groups.remove', { place })} onClick={() => setConditions(all.filter((_, other) => other !== at))}>
        <Icon name="close" size={16} />
      </button>
    </div>
  )
}

function Value({ word, each, at }: { word: GroupFields['words'][number] | undefined, each: Condition, at: number }) {
  const name = t('groups.value', { place: at + 1 })
  const set = (value: string) => changeCondition(at, { value })
  if (word !== undefined && word.values.length > 0) {
    return (
      <select aria-label={name} value={each.value} onChange={event => set(event.currentTarget.value)}>
        {word.values.map(one => <option key={one.code} value={one.code}>{local(one.text)}</option>)}
      </select>
    )
  }
  return (
    <input
      aria-label={name}
      value={each.value}
      required
      {...word === undefined ? { type: 'number', step: 'any' } : { maxLength: 60 }}
      onInput={event => set(event.currentTarget.value)}
    />
  )
}
