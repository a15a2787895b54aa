import { t } from '../i18n'
import type { Pop, WrapUp } from '../wire/messages.gen'
import { Outcome } from './Outcome'
import { WrapBar } from './WrapBar'

/** The paperwork of one call; its end stands at the foot, always in view. */
export function WorkPanel({ pop, wrapUp }: { pop: Pop | null, wrapUp: WrapUp | null }) {
  const callId = pop?.call_id ?? wrapUp?.call_id ?? ''
  const mine = wrapUp?.call_id === callId ? wrapUp : null
  return (
    <section class="panel work" data-testid={wrapUp === null ? 'work' : 'wrap-up'}>
      <h2 class="panel-title">{t('work.title')}</h2>
      <Outcome key={callId} callId={callId} queue={pop?.queue ?? null} chosen={mine?.disposition ?? ''} open={mine !== null} />
      {wrapUp !== null && <WrapBar wrapUp={wrapUp} />}
    </section>
  )
}
