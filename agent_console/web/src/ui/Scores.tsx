import { local, t } from '../i18n'
import type { Pop, ScoreCard } from '../wire/messages.gen'
import { Icon } from './Icon'

/** What the analysis found, one line each; a line opens to its reasons. */
export function Scores({ pop }: { pop: Pop }) {
  if (pop.brief === 'unknown') return null
  const scores = pop.customer?.scores
  return (
    <section class="block">
      <h2>{t('scores.title')}</h2>
      {scores === undefined && <div class="lines"><span class="skeleton" /><span class="skeleton" /><span class="skeleton" /></div>}
      {scores?.length === 0 && <p class="muted">{t('scores.empty')}</p>}
      {scores !== undefined && scores.length > 0 && (
        <div class="scores" data-testid="scores">{scores.map(score => <Score key={score.score} score={score} />)}</div>
      )}
    </section>
  )
}

function Score({ score }: { score: ScoreCard }) {
  return (
    <details class="score">
      <summary>
        <span class="score-title">{local(score.title)}</span>
        <span class="score-value">{local(score.value)}</span>
        <Icon name="chevron" size={16} />
      </summary>
      {score.reasons.length === 0
        ? <p class="muted">{t('scores.none')}</p>
        : <ul>{score.reasons.map(reason => <li key={reason.en}>{local(reason)}</li>)}</ul>}
    </details>
  )
}
