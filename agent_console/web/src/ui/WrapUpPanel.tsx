import { local, t } from '../i18n'
import { busy, catalogue, dispose, extendWrapUp, live, ready } from '../state/store'
import { now } from '../state/time'
import type { WrapUp } from '../wire/messages.gen'
import { Icon } from './Icon'
import { Until } from './Timer'

export function WrapUpPanel({ wrapUp }: { wrapUp: WrapUp }) {
  const idle = live.value && !busy.value
  const whole = Math.max(1, wrapUp.until - wrapUp.started_at)
  const left = Math.max(0, wrapUp.until - now.value)
  return (
    <section class="card wrap-up" data-soon={left < 10} data-testid="wrap-up">
      <div class="wrap-head">
        <h2>{t('wrap.title')}</h2>
        <div class="wrap-clock" role="timer" aria-label={t('wrap.left')}><Until at={wrapUp.until} /></div>
      </div>
      <progress class="wrap-progress" max={whole} value={left} aria-label={t('wrap.left')} />
      <fieldset class="dispositions">
        <legend>
          {t('wrap.disposition')}
          {wrapUp.disposition === ''
            ? <small>{t('wrap.hint')}</small>
            : <small class="saved"><Icon name="check" size={14} />{t('wrap.saved')}</small>}
        </legend>
        {catalogue.value.dispositions.map(choice => (
          <label class="choice" key={choice.code}>
            <input
              type="radio"
              name={`disposition-${wrapUp.call_id}`}
              value={choice.code}
              checked={wrapUp.disposition === choice.code}
              disabled={!live.value}
              onChange={() => dispose(wrapUp.call_id, choice.code)}
            />
            <span>{local(choice.text)}</span>
          </label>
        ))}
      </fieldset>
      <div class="wrap-actions">
        <button type="button" class="button" data-testid="extend" disabled={!idle} onClick={extendWrapUp}>
          {t('action.extend', { seconds: Math.round(catalogue.value.extend_wrap_up_s) })}
        </button>
        <button type="button" class="button primary" data-testid="ready" disabled={!idle} onClick={ready}>
          {t('action.ready')}
        </button>
      </div>
    </section>
  )
}
