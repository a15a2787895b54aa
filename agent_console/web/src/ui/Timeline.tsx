import { day, local, t } from '../i18n'
import { now } from '../state/time'
import type { Pop } from '../wire/messages.gen'
import { Icon } from './Icon'

export function Timeline({ pop }: { pop: Pop }) {
  if (pop.brief === 'unknown') return null
  const interactions = pop.customer?.interactions
  return (
    <section class="block timeline-block">
      <h2>{t('timeline.title')}</h2>
      {interactions === undefined && <Lines />}
      {interactions?.length === 0 && <p class="muted">{t('timeline.empty')}</p>}
      {interactions !== undefined && (
        <ol class="timeline" data-testid="timeline">
          {interactions.map((each, at) => (
            <li key={at}>
              <span class="timeline-sign"><Icon name={each.channel} size={16} /></span>
              <span class="timeline-what">
                {local(each.summary)}
                {each.satisfaction !== null && <Stars score={each.satisfaction} />}
              </span>
              <span class="timeline-where">
                {t(`channel.${each.channel}`)} · <time dateTime={new Date(each.at * 1000).toISOString()}>{day(each.at, now.peek())}</time>
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}

function Stars({ score }: { score: number }) {
  const words = t('satisfaction.of', { score })
  return <span class="stars" data-low={score < 3} role="img" aria-label={words} title={words}>★ {score}</span>
}

function Lines() {
  return <div class="lines"><span class="skeleton" /><span class="skeleton" /><span class="skeleton" /></div>
}
