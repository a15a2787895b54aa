import { useSignal } from '@preact/signals'
import { local, t } from '../i18n'
import { choose, chosenOutcome } from '../state/outcomes'
import { likes } from '../state/preferences'
import { catalogue, live } from '../state/store'
import type { Disposition } from '../wire/messages.gen'
import { Choices } from './Choices'
import { Icon } from './Icon'
import { PanelBody } from './Panel'

interface OutcomeProps {
  callId: string
  /** `null` when the page no longer knows it: all outcomes are shown. */
  queue: string | null
  /** The code that the server has. */
  stored: string
  open: boolean
}

/** How the call ended: favourites first, then the outcomes that its queue has, in their groups. */
export function Outcome({ callId, queue, stored, open }: OutcomeProps) {
  const wanted = useSignal('')
  const all = catalogue.value.dispositions
  const fitting = all.filter(each => each.queues.length === 0 || queue === null || each.queues.includes(queue))
  const chosen = chosenOutcome(callId, stored)
  const shared = { callId, chosen, disabled: !open || !live.value, choose: (code: string) => void choose(callId, code) }
  return (
    <section class="outcome" data-testid="outcome">
      <div class="work-head">
        <h2>{t('wrap.disposition')}</h2>
        <Chosen all={all} code={chosen} />
      </div>
      <div class="search-field">
        <Icon name="search" size={16} />
        <input
          type="search"
          data-key-target="outcome"
          aria-label={t('outcome.search')}
          placeholder={t('outcome.search')}
          value={wanted.value}
          onInput={event => { wanted.value = event.currentTarget.value }}
          onKeyDown={event => {
            const first = find(fitting, wanted.value)[0]
            if (event.key === 'Enter' && first !== undefined && wanted.value !== '' && !shared.disabled) shared.choose(first.code)
          }}
        />
      </div>
      <PanelBody label={t('wrap.disposition')}>
        {wanted.value.trim() === ''
          ? <Tree fitting={fitting} shared={shared} />
          : <Found found={find(fitting, wanted.value)} shared={shared} />}
      </PanelBody>
    </section>
  )
}

type Shared = Omit<Parameters<typeof Choices>[0], 'title' | 'choices' | 'place'>

function Tree({ fitting, shared }: { fitting: readonly Disposition[], shared: Shared }) {
  const liked = likes.value.favourites
  const favourites = liked.flatMap(code => fitting.find(each => each.code === code) ?? [])
  if (fitting.length === 0) return <p class="muted padded">{t('outcome.empty')}</p>
  return (
    <>
      {favourites.length > 0 && <Choices {...shared} place="favourite" title={t('outcome.favourites')} choices={favourites} />}
      {catalogue.value.disposition_groups.map(group => {
        // One place for each: what is a favourite stands above.
        const choices = fitting.filter(each => each.group === group.code && !liked.includes(each.code))
        return choices.length > 0 && <Choices {...shared} key={group.code} place={group.code} title={local(group.text)} choices={choices} />
      })}
    </>
  )
}

function Found({ found, shared }: { found: readonly Disposition[], shared: Shared }) {
  if (found.length === 0) return <p class="muted padded" role="status">{t('outcome.nothing')}</p>
  return <Choices {...shared} place="found" title={t('outcome.found')} choices={found} />
}

function Chosen({ all, code }: { all: readonly Disposition[], code: string }) {
  const chosen = all.find(each => each.code === code)
  if (code === '') return <small>{t('wrap.hint')}</small>
  return (
    <small class="saved" role="status">
      <Icon name="tick" size={14} /><span>{t('wrap.saved')}{chosen !== undefined && ` · ${local(chosen.text)}`}</span>
    </small>
  )
}

function find(among: readonly Disposition[], wanted: string): readonly Disposition[] {
  const words = wanted.trim().toLowerCase()
  return among.filter(each => [each.code, each.text.zh, each.text.en, ...each.words].some(name => name.toLowerCase().includes(words)))
}
