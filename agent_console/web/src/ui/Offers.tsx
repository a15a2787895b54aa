import { local, t } from '../i18n'
import type { Pop } from '../wire/messages.gen'

export function Offers({ pop }: { pop: Pop }) {
  if (pop.brief === 'unknown') return null
  const offers = pop.customer?.offers
  return (
    <section class="card offers-card">
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
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}
