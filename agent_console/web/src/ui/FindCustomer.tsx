import { type Signal, useSignal } from '@preact/signals'
import { errorWords, t } from '../i18n'
import { live } from '../state/store'
import type { CandidateCard, Pop } from '../wire/messages.gen'
import { Refused } from '../wire/rest'
import { linkCustomer, makeProspect, searchCustomers } from '../wire/callers'
import { People } from './Candidates'
import { Icon } from './Icon'

/** Nobody is known to call: look for them by what they say, choose who it is, or make a prospect. */
export function FindCustomer({ pop }: { pop: Pop }) {
  const found = useSignal<readonly CandidateCard[] | null>(null)
  const name = useSignal('')
  const refused = useSignal<string | null>(null)
  const asking = useSignal(false)
  const remember = useSignal(pop.number !== '')
  const ringing = pop.phase === 'ringing'

  async function attempt(ask: () => Promise<void>): Promise<void> {
    if (asking.value) return
    asking.value = true
    refused.value = null
    try {
      await ask()
    } catch (error) {
      refused.value = error instanceof Refused ? error.textKey : 'error.offline'
    }
    asking.value = false
  }

  function search(event: SubmitEvent): void {
    event.preventDefault()
    const text = String(new FormData(event.currentTarget as HTMLFormElement).get('text')).trim()
    name.value = /\d{4}/.test(text) ? '' : text
    void attempt(async () => {
      found.value = null
      found.value = await searchCustomers(pop.call_id, text)
    })
  }

  return (
    <section class="block" data-testid="find-customer">
      <h2>{t('find.title')}</h2>
      <p class="muted candidates-hint">{t(ringing ? 'find.wait' : 'find.hint')}</p>
      <form class="find-form" onSubmit={search}>
        <input class="line-field" name="text" aria-label={t('find.field')} placeholder={t('find.field')} data-key-target="find" minLength={2} maxLength={80} required disabled={ringing} autocomplete="off" />
        <button type="submit" class="button small" disabled={ringing || asking.value || !live.value}>
          <Icon name="search" size={14} />{t('find.search')}
        </button>
      </form>
      <div role="status">
        {refused.value !== null && <p class="form-note" data-problem="true">{errorWords(refused.value)}</p>}
        {found.value?.length === 0 && <p class="muted candidates-hint">{t('find.nobody')}</p>}
      </div>
      {found.value !== null && found.value.length > 0 && (
        <People
          people={found.value}
          name="found"
          disabled={asking.value}
          choose={customerId => attempt(() => linkCustomer(pop.call_id, customerId, remember.value))}
        />
      )}
      {found.value !== null && pop.number !== '' && <Remember remember={remember} />}
      {found.value?.length === 0 && name.value !== '' && (
        <button type="button" class="button small" data-testid="prospect" disabled={asking.value || !live.value} onClick={() => void attempt(() => makeProspect(pop.call_id, name.value, pop.language))}>
          <Icon name="plus" size={14} />{t('find.prospect', { name: name.value })}
        </button>
      )}
    </section>
  )
}

function Remember({ remember }: { remember: Signal<boolean> }) {
  return (
    <label class="remember">
      <input type="checkbox" checked={remember.value} onChange={event => { remember.value = event.currentTarget.checked }} />
      {t('find.remember')}
    </label>
  )
}
