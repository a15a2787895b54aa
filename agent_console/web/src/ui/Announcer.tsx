import { useEffect, useRef } from 'preact/hooks'
import { useSignal } from '@preact/signals'
import { t } from '../i18n'
import { language, pops } from '../state/store'
import { callerName } from './caller'

/** Tells screen readers of a ringing call, once and as soon as it is known who calls. */
export function Announcer() {
  const words = useSignal('')
  const told = useRef('')
  const spoken = language.value
  const ringing = pops.value.find(pop => pop.phase === 'ringing')

  // What was said is said: a switch of the language does not say it again.
  useEffect(() => {
    words.value = ''
  }, [spoken])

  useEffect(() => {
    if (ringing === undefined) {
      words.value = ''
      told.current = ''
    } else if (ringing.brief !== 'loading' && told.current !== ringing.call_id) {
      told.current = ringing.call_id
      words.value = t('pop.announce', {
        name: callerName(ringing),
        segment: ringing.customer === null ? '—' : t(`segment.${ringing.customer.segment}`),
        verified: t(`verified.${ringing.verified}`),
      })
    }
  }, [ringing])

  return <div class="unseen" aria-live="assertive" data-testid="announcer">{words.value}</div>
}
