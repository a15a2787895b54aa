import { local, t } from '../i18n'
import { answerOf, note, type Noted } from '../state/answers'
import { chooseOffer } from '../state/chosen'
import { live, type OfferAnswer } from '../state/store'
import type { Pop, RankedOffer } from '../wire/messages.gen'
import { Icon, type IconName } from './Icon'

interface OfferProps {
  pop: Pop
  offer: RankedOffer
  /** Counts from 1. */
  place: number
  open: boolean
}

export function OfferItem({ pop, offer, place, open }: OfferProps) {
  const noted = answerOf(pop, offer.offer_id)
  const body = `offer-${pop.call_id}-${offer.offer_id}`
  return (
    <li class="offer" data-open={open} data-answer={noted?.answer ?? ''}>
      <h3>
        <button type="button" class="offer-head" aria-expanded={open} aria-controls={body} onClick={() => chooseOffer(place - 1)}>
          <span class="rank" aria-hidden="true">{place}</span>
          <span class="offer-title">{local(offer.title)}</span>
          {noted !== null && <Told noted={noted} />}
          {noted === null && offer.chance > 0 && (
            <span class="chance">{t('offers.chance', { percent: Math.round(offer.chance * 100) })}</span>
          )}
        </button>
      </h3>
      <p class="offer-reason"><span class="why">{t('offers.why')}</span>{local(offer.reason)}</p>
      <div id={body} hidden={!open}>
        {offer.script.zh !== '' && (
          <div class="script">
            <span class="script-title">{t('offers.script')}</span>
            <p>{local(offer.script)}</p>
          </div>
        )}
        <Answers pop={pop} offerId={offer.offer_id} noted={noted} />
      </div>
    </li>
  )
}

const ANSWERS: readonly [OfferAnswer, string, IconName][] = [
  ['accepted', 'A', 'tick'], ['declined', 'D', 'close'], ['presented', 'L', 'clock'],
]
const LABELS = { accepted: 'offers.accept', declined: 'offers.decline', presented: 'offers.later' } as const
const WORDS = { accepted: 'offers.accepted', declined: 'offers.declined', presented: 'offers.later_done' } as const

/** What the customer said; the last choice counts. */
function Answers({ pop, offerId, noted }: { pop: Pop, offerId: string, noted: Noted | null }) {
  const ringing = pop.phase === 'ringing'
  return (
    <div class="answers" role="group" aria-label={t('offers.answer')}>
      {ANSWERS.map(([answer, key, icon]) => (
        <button
          key={answer}
          type="button"
          class="button small"
          aria-pressed={noted?.answer === answer}
          aria-keyshortcuts={key}
          disabled={ringing || !live.value}
          title={ringing ? t('offers.wait') : `${t(LABELS[answer])} (${key})`}
          data-testid={`offer-${offerId}-${answer}`}
          onClick={() => void note(pop, offerId, answer)}
        >
          <Icon name={icon} size={14} />
          {t(LABELS[answer])}
          <kbd aria-hidden="true">{key}</kbd>
        </button>
      ))}
    </div>
  )
}

function Told({ noted }: { noted: Noted }) {
  return (
    <span class="told" data-answer={noted.answer} data-told={noted.told}>
      {noted.told ? t(WORDS[noted.answer]) : t('offers.sending')}
    </span>
  )
}
