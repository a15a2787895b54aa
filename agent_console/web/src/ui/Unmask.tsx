import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { t } from '../i18n'
import { live } from '../state/store'
import type { PersonalLine, Pop } from '../wire/messages.gen'
import { Refused, unmask } from '../wire/rest'

const LEAST_REASON = 4

/** The caller's personal data as this agent may see them; whole values for a reason. */
export function Unmask({ pop }: { pop: Pop }) {
  const lines = pop.customer?.personal ?? []
  if (lines.length === 0) return null
  // Another customer or level: what was shown before is no more.
  const who = `${pop.call_id} ${pop.customer?.customer_id ?? ''} ${pop.verified}`
  return (
    <dl class="facts personal" aria-label={t('personal.title')} data-testid="personal">
      {lines.map(line => <Line key={`${who} ${line.field}`} callId={pop.call_id} line={line} />)}
    </dl>
  )
}

function Line({ callId, line }: { callId: string, line: PersonalLine }) {
  const whole = useSignal('')
  const asking = useSignal(false)
  const name = t(`personal.${line.field}`)
  return (
    <div class="fact" data-testid={`personal-${line.field}`}>
      <dt>{name}</dt>
      <dd>
        <span>{whole.value === '' ? line.shown : whole.value}</span>
        {line.on_request && !asking.value && (
          <button
            type="button"
            class="button quiet small"
            aria-label={whole.value === '' ? t('personal.show_field', { name }) : t('personal.hide_field', { name })}
            disabled={!live.value}
            onClick={() => { if (whole.value === '') asking.value = true; else whole.value = '' }}
          >
            {whole.value === '' ? t('personal.show') : t('personal.hide')}
          </button>
        )}
      </dd>
      {asking.value && (
        <Ask
          callId={callId}
          line={line}
          name={name}
          done={value => { whole.value = value; asking.value = false }}
        />
      )}
    </div>
  )
}

interface AskProps { callId: string, line: PersonalLine, name: string, done: (value: string) => void }

function Ask({ callId, line, name, done }: AskProps) {
  const reason = useSignal('')
  const problem = useSignal('')
  const busy = useSignal(false)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])
  const ask = async (event: Event) => {
    event.preventDefault()
    if (busy.value) return
    busy.value = true
    try {
      done((await unmask(callId, { field: line.field, reason: reason.value })).value)
    } catch (error) {
      problem.value = error instanceof Refused ? error.textKey : 'error.offline'
    }
    busy.value = false
  }
  return (
    <dd>
      <form class="ask" onSubmit={ask} onKeyDown={event => { if (event.key === 'Escape') done('') }}>
        <input
          class="line-field"
          aria-label={t('personal.reason', { name })}
          placeholder={t('personal.reason', { name })}
          maxLength={200}
          value={reason.value}
          onInput={event => { reason.value = event.currentTarget.value }}
          ref={field}
        />
        <button type="submit" class="button small" disabled={busy.value || reason.value.trim().length < LEAST_REASON}>
          {t('personal.show')}
        </button>
        <button type="button" class="button quiet small" onClick={() => done('')}>{t('personal.cancel')}</button>
      </form>
      <small role="status">{problem.value === '' ? t('personal.audited') : t(problem.value as 'error.offline')}</small>
    </dd>
  )
}
