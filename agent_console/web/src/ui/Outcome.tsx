import { local, t } from '../i18n'
import { catalogue, dispose, live } from '../state/store'
import { Icon } from './Icon'
import { PanelBody } from './Panel'

interface OutcomeProps {
  callId: string
  /** `null` when the page no longer knows it: all outcomes are shown. */
  queue: string | null
  chosen: string
  open: boolean
}

/** How the call ended: the outcomes that its queue has, in their groups. */
export function Outcome({ callId, queue, chosen, open }: OutcomeProps) {
  const { disposition_groups: groups, dispositions } = catalogue.value
  const fitting = dispositions.filter(each => each.queues.length === 0 || queue === null || each.queues.includes(queue))
  return (
    <fieldset class="outcome" disabled={!open || !live.value}>
      <legend>
        {t('wrap.disposition')}
        {chosen === ''
          ? <small>{t('wrap.hint')}</small>
          : <small class="saved"><Icon name="check" size={14} />{t('wrap.saved')}</small>}
      </legend>
      <PanelBody label={t('wrap.disposition')}>
        {groups.filter(group => fitting.some(each => each.group === group.code)).map(group => (
          <div class="outcome-group" role="group" aria-label={local(group.text)} key={group.code}>
            <h3>{local(group.text)}</h3>
            {fitting.filter(each => each.group === group.code).map(each => (
              <label class="choice" key={each.code}>
                <input
                  type="radio"
                  name={`disposition-${callId}`}
                  value={each.code}
                  checked={chosen === each.code}
                  onChange={() => dispose(callId, each.code)}
                />
                <span>{local(each.text)}</span>
              </label>
            ))}
          </div>
        ))}
      </PanelBody>
    </fieldset>
  )
}
