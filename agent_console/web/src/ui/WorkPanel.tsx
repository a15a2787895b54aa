import { t } from '../i18n'
import { me, ownState } from '../state/store'
import type { Pop, WrapUp } from '../wire/messages.gen'
import { FollowUpForm } from './FollowUpForm'
import { NoteField } from './NoteField'
import { Outcome } from './Outcome'
import { WrapBar } from './WrapBar'

/** The paperwork of one call; its end stands at the foot, always in view. */
export function WorkPanel({ pop, wrapUp, whole }: { pop: Pop | null, wrapUp: WrapUp | null, whole: boolean }) {
  const callId = pop?.call_id ?? wrapUp?.call_id ?? ''
  const mine = wrapUp?.call_id === callId ? wrapUp : null
  const answered = mine !== null || (pop !== null && pop.phase !== 'ringing')
  return (
    <section class="panel work" data-testid={wrapUp === null ? 'work' : 'wrap-up'} data-state={ownState.value} aria-label={t('work.title')}>
      <div class="work-body">
        {whole && me.value?.agent_id != null && <NoteField key={`note-${callId}`} callId={callId} />}
        {whole && me.value?.agent_id != null && <FollowUpForm key={`follow-${callId}`} callId={callId} answered={answered} />}
        {whole && <Outcome key={`outcome-${callId}`} callId={callId} queue={pop?.queue ?? null} stored={mine?.disposition ?? ''} open={answered} />}
      </div>
      {wrapUp !== null && <WrapBar wrapUp={wrapUp} />}
    </section>
  )
}
