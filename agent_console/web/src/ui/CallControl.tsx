import { useEffect } from 'preact/hooks'
import { t } from '../i18n'
import { askedIn, choose, colleague, consulting, hangUp, movable, settle } from '../state/calls'
import { team } from '../state/day'
import { busy, live } from '../state/store'
import type { Consultation, Pop } from '../wire/messages.gen'
import { Icon } from './Icon'
import { Sure } from './Sure'

/** Send the customer on, ask a colleague, or hang up; while somebody is asked, how that goes on. */
export function CallControl({ pop }: { pop: Pop }) {
  const asked = consulting.value
  const mine = askedIn(pop)
  const idle = live.value && !busy.value && pop.phase === 'connected'
  useEffect(() => {
    if ((asked ?? mine) !== null && team.value.value === null) void team.refresh()
  }, [asked, mine])
  if (mine !== null) return <Asked asked={mine} />
  if (asked === null) {
    return (
      <div class="call-control" data-testid="call-control">
        <button type="button" class="button small" data-testid="transfer" title={`${t('control.transfer')} (X)`} disabled={!movable.value} onClick={() => choose('transfer')}>
          <Icon name="forward" size={14} />{t('control.transfer')}
        </button>
        <button type="button" class="button small" data-testid="consult" title={`${t('control.consult')} (Q)`} disabled={!movable.value} onClick={() => choose('consult')}>
          <Icon name="chat" size={14} />{t('control.consult')}
        </button>
        <Sure words={t('control.hang_up')} sure={t('control.hang_up_sure')} run={() => void hangUp(pop)} testid="hang-up" disabled={!idle} />
      </div>
    )
  }
  const name = colleague(asked.agent_id)
  const words = asked.conference ? 'control.in_conference' : asked.answered ? 'control.talking' : 'control.calling'
  return (
    <div class="call-control" data-testid="call-control" data-asked="true">
      <span class="control-words" role="status"><Icon name="chat" size={14} />{t(words, { name })}</span>
      {asked.answered && <button type="button" class="button small primary" data-testid="consult-transfer" disabled={!idle} onClick={() => void settle(pop, 'transfer')}>{t('control.hand_over')}</button>}
      {asked.answered && !asked.conference && <button type="button" class="button small" data-testid="consult-conference" disabled={!idle} onClick={() => void settle(pop, 'conference')}>{t('control.conference')}</button>}
      <button type="button" class="button small" data-testid="consult-cancel" disabled={!idle} onClick={() => void settle(pop, 'cancel')}>{t(asked.conference ? 'control.leave_out' : 'control.back')}</button>
    </div>
  )
}

/** What the one sees whom a colleague asks: by whom, and where the customer is. */
function Asked({ asked }: { asked: Consultation }) {
  const words = asked.conference ? 'control.in_conference' : asked.answered ? 'control.asks' : 'control.wants'
  return (
    <div class="call-control" data-testid="asked" data-asked="true">
      <span class="control-words" role="status"><Icon name="chat" size={14} />{t(words, { name: colleague(asked.asked_by) })}</span>
    </div>
  )
}
