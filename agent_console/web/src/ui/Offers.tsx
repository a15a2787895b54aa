import { useState } from 'preact/hooks'
import { local, t } from '../i18n'
import { answerOffer } from '../state/store'
import type { Pop } from '../wire/messages.gen'

export function Offers({ pop }: { pop: Pop }) {
  if (pop.brief === 'unknown') return null
  const offers = pop.customer?.offers
  return (
    <section class="block offers-block">
      <h2>{t('offers.title')}</h2>
      {offers === undefined && <div class="lines"><span class="skeleton tall" /><span class="skeleton tall" /></div>}
      {offers?.length === 0 && <p class="muted">{t('offers.empty')}</p>}
      {offers !== undefined && (
        <ol class="offers" data-testid="offers">
          {offers.map((offer, at) => (
            <li key={offer.offer_id}>
              <span class="rank" aria-hidden="true">{at + 1}</span>
              <h3>{local(offer.title)}</h3>
              <p><span class="why">{t('offers.why')}</span>{local(offer.reason)}</p>
              {offer.script?.zh && <p class="script">{local(offer.script)}</p>}
              {pop.phase !== 'ringing' && <Answers key={pop.call_id + offer.offer_id} callId={pop.call_id} offerId={offer.offer_id} />}
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}

const ANSWERS = ['accepted', 'declined'] as const

/** What the customer said; the last choice counts. */
function Answers({ callId, offerId }: { callId: string; offerId: string }) {
  const [chosen, choose] = useState<string>('')
  return (
    <div class="answers" role="group" aria-label={t('offers.answer')}>
      {ANSWERS.map((answer) => (
        <button
          key={answer}
          type="button"
          class="button small"
          aria-pressed={chosen === answer}
          data-testid={`offer-${offerId}-${answer}`}
          onClick={() => {
            choose(answer)
            void answerOffer(callId, offerId, answer)
          }}
        >
          {t(`offers.${answer}`)}
        </button>
      ))}
    </div>
  )
}
