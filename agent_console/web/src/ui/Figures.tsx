import { t, type Key } from '../i18n'
import { ownDay } from '../state/day'
import { useFresh } from '../state/resource'
import { clockFace } from '../state/time'
import type { OwnDay } from '../wire/messages.gen'
import { Failure } from './Empty'

const FRESH_MS = 30_000

/** The person's own figures since midnight. */
export function Figures() {
  useFresh(ownDay, FRESH_MS)
  const day = ownDay.value.value
  if (day === null && ownDay.problem.value !== null) return <section class="panel day-figures"><Failure resource={ownDay} /></section>
  return (
    <section class="panel day-figures" aria-label={t('day.title')}>
      <h2 class="panel-title">{t('day.title')}</h2>
      <dl class="figures" data-testid="own-day">
        {tiles(day).map(([key, value]) => (
          <div class="figure-tile" key={key}>
            <dt>{t(key)}</dt>
            <dd>{day === null ? <span class="skeleton" /> : value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function tiles(day: OwnDay | null): [Key, string][] {
  const length = (seconds: number | null | undefined) => seconds == null ? t('day.none') : clockFace(seconds)
  const count = (value: number | undefined) => String(value ?? '')
  return [
    ['day.answered', count(day?.answered)],
    ['day.missed', count(day?.missed)],
    ['day.talk', length(day?.mean_talk_time)],
    ['day.wrap', length(day?.mean_wrap_up_time)],
    ['day.disposed', count(day?.disposed)],
    ['day.due', count(day?.follow_ups_due)],
  ]
}
