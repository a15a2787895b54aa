import { t } from '../i18n'
import { chosenOffer, offerAt } from '../state/chosen'
import type { Pop } from '../wire/messages.gen'
import { OfferItem } from './OfferItem'

/** The offers that fit, the best first; the chosen one shows what to say and takes the answer. */
export function Offers({ pop }: { pop: Pop }) {
  if (pop.brief === 'unknown') return null
  const offers = pop.customer?.offers
  const chosen = offers === undefined ? null : offerAt(offers, chosenOffer.value)
  return (
    <section class="block offers-block">
      <h2>{t('offers.title')}</h2>
      {offers === undefined && <div class="lines"><span class="skeleton tall" /><span class="skeleton tall" /></div>}
      {offers?.length === 0 && <p class="muted">{t('offers.empty')}</p>}
      {offers !== undefined && offers.length > 0 && (
        <ol class="offers" data-testid="offers">
          {offers.map((offer, at) => (
            <OfferItem key={offer.offer_id} pop={pop} offer={offer} place={at + 1} open={offer === chosen} />
          ))}
        </ol>
      )}
    </section>
  )
}
