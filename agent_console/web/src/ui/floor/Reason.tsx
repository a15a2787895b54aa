import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { errorWords, t } from '../../i18n'
import { IDLE, perform, type Act } from '../../state/floor'
import { live } from '../../state/store'
import { Icon } from '../Icon'

const LEAST_REASON = 3

interface ReasonProps {
  /** What is about to be done, as a sentence. */
  question: string
  /** Words of the button that does it. */
  confirm: string
  /** Without a reason a confirmation is enough. */
  reason?: boolean
  work: (reason: string) => Promise<unknown>
  done: () => void
}

/** Asks for a reason, or only a confirmation, before something is done; says why it was refused. */
export function Reason({ question, confirm, reason = true, work, done }: ReasonProps) {
  const text = useSignal('')
  const act = useSignal<Act>(IDLE)
  const first = useRef<HTMLElement>(null)
  useEffect(() => first.current?.focus(), [])
  const ready = !reason || text.value.trim().length >= LEAST_REASON
  const submit = async (event: Event) => {
    event.preventDefault()
    if (ready && act.value.state !== 'busy' && await perform(act, () => work(text.value.trim()))) done()
  }
  return (
    <form class="floor-ask" aria-label={question} onSubmit={submit} onKeyDown={event => { if (event.key === 'Escape') done() }}>
      <p>{question}</p>
      <div>
        {reason && (
          <input
            class="line-field" maxLength={200} value={text.value} aria-label={t('floor.reason')} placeholder={t('floor.reason')}
            ref={element => { first.current = element }} onInput={event => { text.value = event.currentTarget.value }}
          />
        )}
        <button
          type="submit" class="button small primary" disabled={!live.value || !ready || act.value.state === 'busy'} data-testid="confirm"
          ref={element => { if (!reason) first.current = element }}
        >
          {confirm}
        </button>
        <button type="button" class="button small quiet" onClick={done}>{t('floor.cancel')}</button>
      </div>
      <Result act={act.value} />
    </form>
  )
}

/** How the last act went. */
export function Result({ act, words }: { act: Act, words?: string }) {
  if (act.problem !== null) return <p class="floor-result" role="alert" data-state="refused"><Icon name="alert" size={16} />{errorWords(act.problem)}</p>
  if (act.state === 'done' && words !== undefined) return <p class="floor-result" role="status" data-state="done"><Icon name="tick" size={16} />{words}</p>
  return null
}
