import { useSignal } from '@preact/signals'
import { local, t } from '../i18n'
import { chooseCustomer, live } from '../state/store'
import type { CandidateCard, Pop } from '../wire/messages.gen'

/** Several customers have this number: the agent asks who it is, and says so here. */
export function Candidates({ pop }: { pop: Pop }) {
  const asking = useSignal(false)
  if (pop.candidates.length === 0 || pop.customer !== null) return null
  async function choose(customerId: string): Promise<void> {
    asking.value = true
    await chooseCustomer(pop.call_id, customerId)
    asking.value = false
  }
  return (
    <section class="block">
      <h2>{t('candidates.title')}</h2>
      <p class="muted candidates-hint">{t('candidates.hint')}</p>
      <People people={pop.candidates} name="candidates" disabled={asking.value || pop.verified === 'pin'} choose={choose} />
    </section>
  )
}

interface PeopleProps {
  people: readonly CandidateCard[]
  name: string
  disabled: boolean
  choose: (customerId: string) => Promise<void>
}

/** People to choose among; the one who is chosen becomes the customer of the call. */
export function People({ people, name, disabled, choose }: PeopleProps) {
  return (
    <ul class="callers" data-testid={name}>
      {people.map(each => (
        <li key={each.customer_id} data-segment={each.segment}>
          <span class="person-head">
            <b>{each.name}</b> <span class="number">{each.phone}</span>
            <span class="chip">{t(`segment.${each.segment}`)}</span>
          </span>
          <button
            type="button"
            class="button small"
            disabled={disabled || !live.value}
            aria-label={t('candidates.choose_one', { name: `${each.name} ${each.phone}` })}
            onClick={() => void choose(each.customer_id)}
          >
            {t('candidates.choose')}
          </button>
          <span class="person-why">
            {each.reasons.map(local).join(' · ')}
            {each.need !== null && <> · {t('candidates.need', { need: local(each.need) })}</>}
          </span>
        </li>
      ))}
    </ul>
  )
}
