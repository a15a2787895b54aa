import { t, timeOfDay } from '../i18n'
import { due, finish, openDue, snooze, SNOOZE_S } from '../state/due'
import { live } from '../state/store'
import { Icon } from './Icon'

/** A promise that is due, at the foot of every page: it covers nothing and moves nothing. */
export function DueNotice() {
  const line = due.value[0]
  const more = due.value.length - 1
  return (
    <div class="due-place" role="status">
      {line !== undefined && (
        <div class="due" data-testid="due" data-kind={line.kind}>
          <Icon name={line.kind === 'callback' ? 'phone' : 'bell'} size={16} />
          <button type="button" class="due-words" data-testid="due-open" title={`${t('due.open')} (J)`} onClick={() => openDue(line.follow_up_id)}>
            <b>{t('due.now', { kind: t(`follow.${line.kind}`), time: timeOfDay(line.due_at) })}</b>
            <span>{line.text}{line.caller !== '' && ` · ${line.caller}`}</span>
          </button>
          {more > 0 && <span class="chip">{t('due.more', { count: more })}</span>}
          <button type="button" class="button small" data-testid="due-later" disabled={!live.value} onClick={() => void snooze(line)}>{t('due.later', { minutes: SNOOZE_S / 60 })}</button>
          <button type="button" class="button small" data-testid="due-done" disabled={!live.value} onClick={() => void finish(line)}><Icon name="tick" size={14} />{t('due.done')}</button>
        </div>
      )}
    </div>
  )
}
