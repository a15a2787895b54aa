import { t } from '../i18n'
import { busy, catalogue, extendWrapUp, live, ready } from '../state/store'
import { now } from '../state/time'
import type { WrapUp } from '../wire/messages.gen'
import { Until } from './Timer'

/** The time that is left after the call, and how to end it or get more. */
export function WrapBar({ wrapUp }: { wrapUp: WrapUp }) {
  const idle = live.value && !busy.value
  const whole = Math.max(1, wrapUp.until - wrapUp.started_at)
  const left = Math.max(0, wrapUp.until - now.value)
  return (
    <div class="wrap-bar" data-soon={left < 10}>
      <div class="wrap-head">
        <h2>{t('wrap.title')}</h2>
        <div class="wrap-clock" role="timer" aria-label={t('wrap.left')}><Until at={wrapUp.until} /></div>
      </div>
      <progress class="wrap-progress" max={whole} value={left} aria-label={t('wrap.left')} />
      <div class="wrap-actions">
        <button type="button" class="button" data-testid="extend" disabled={!idle} onClick={extendWrapUp}>
          {t('action.extend', { seconds: Math.round(catalogue.value.extend_wrap_up_s) })}
        </button>
        <button type="button" class="button primary" data-testid="ready" disabled={!idle} onClick={ready}>
          {t('action.ready')}
        </button>
      </div>
    </div>
  )
}
