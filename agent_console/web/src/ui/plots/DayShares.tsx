import { figure, local, t, type Key as WordKey } from '../../i18n'
import { wall } from '../../state/wall'
import type { DayPlots, Funnel } from '../../wire/messages.gen'
import { percent } from '../board/words'
import { Card, Key } from './Plot'

const FATES: readonly [Exclude<keyof Funnel, 'calls' | 'losses'>, string][] = [
  ['solved', 'good'], ['reached', 'accent'], ['messages', 'info'], ['hung_up', 'faint'], ['gave_up', 'bad'], ['turned_away', 'warn'],
]
const fateKey = (fate: string) => `fate.${fate}` as WordKey

/** What became of the calls, and where callers hung up in the menu. */
export function FunnelCard({ day }: { day: DayPlots }) {
  const { funnel } = day
  const { calls, losses } = funnel
  const most = Math.max(1, ...losses.map(each => each.hung_up))
  return (
    <Card
      name="funnel" title={t('plots.funnel')} note={t('plots.funnel_note', { calls: figure(calls), share: percent(calls === 0 ? null : funnel.solved / calls) })}
      empty={calls === 0 ? t('plots.no_ended') : null}
      words={{
        columns: [t('plots.what'), t('plots.count')],
        rows: [
          ...FATES.map(([fate]) => [t(fateKey(fate)), figure(funnel[fate])]),
          ...losses.map(each => [t('plots.hung_up_at', { node: local(each.title) }), figure(each.hung_up)]),
        ],
      }}
    >
      <div class="fate-bar" aria-hidden="true">
        {FATES.map(([fate, colour]) => <span key={fate} data-colour={colour} style={{ width: `${100 * funnel[fate] / Math.max(1, calls)}%` }} />)}
      </div>
      <ul class="fates">
        {FATES.map(([fate, colour]) => (
          <li key={fate}><Key colour={colour} words={t(fateKey(fate))} /><b>{figure(funnel[fate])}</b><small>{percent(funnel[fate] / Math.max(1, calls))}</small></li>
        ))}
      </ul>
      <h3 class="plot-sub">{t('plots.losses')}</h3>
      {losses.length === 0 ? <p class="muted">{t('plots.no_losses')}</p> : (
        <ul class="plot-bars">
          {losses.slice(0, wall.value ? 6 : 4).map(each => (
            <li key={each.node}>
              <span title={each.node}>{local(each.title)}</span>
              <span class="plot-bar" aria-hidden="true"><i data-colour="faint" style={{ width: `${100 * each.hung_up / most}%` }} /></span>
              <b>{figure(each.hung_up)}</b>
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}

/** What each segment's customers said to offers. */
export function OffersCard({ day }: { day: DayPlots }) {
  const { offers } = day
  const most = Math.max(1, ...offers.map(each => each.presented))
  const total = offers.reduce((sum, each) => sum + each.presented, 0)
  const accepted = offers.reduce((sum, each) => sum + each.accepted, 0)
  return (
    <Card
      name="offers" title={t('plots.offers')} note={t('plots.offers_note', { total: figure(total), share: percent(total === 0 ? null : accepted / total) })}
      empty={total === 0 ? t('plots.no_offers') : null}
      legend={<><Key colour="good" words={t('plots.accepted')} /><Key colour="faint" words={t('plots.not_accepted')} /></>}
      words={{
        columns: [t('plots.segment'), t('plots.presented'), t('plots.accepted'), t('plots.declined')],
        rows: offers.map(each => [local(each.title), figure(each.presented), figure(each.accepted), figure(each.declined)]),
      }}
    >
      <ul class="plot-bars wide">
        {offers.map(each => (
          <li key={each.segment}>
            <span>{local(each.title)}</span>
            <span class="plot-bar" aria-hidden="true">
              <i data-colour="good" style={{ width: `${100 * Math.min(each.accepted, each.presented) / most}%` }} />
              <i data-colour="faint" style={{ width: `${100 * Math.max(0, each.presented - each.accepted) / most}%` }} />
            </span>
            <b>{figure(each.accepted)} / {figure(each.presented)}</b>
          </li>
        ))}
      </ul>
    </Card>
  )
}

/** How content customers are, today and in the four weeks before. */
export function ScoresCard({ day }: { day: DayPlots }) {
  const { scores, scores_before: before } = day
  const total = sum(scores)
  const most = Math.max(1, ...scores)
  return (
    <Card
      name="scores" title={t('plots.scores')} note={t('plots.scores_note', { total: figure(total), before: score(before) })}
      empty={total === 0 ? t('plots.no_scores') : null}
      words={{
        columns: [t('plots.score'), t('plots.today'), t('plots.four_weeks')],
        rows: scores.map((each, place) => [String(place + 1), figure(each), figure(before[place] ?? 0)]),
      }}
    >
      <div class="scores-day">
        <p class="score-mean"><b>{score(scores)}</b><small>{t('plots.of_five')}</small></p>
        <ul class="plot-bars">
          {[5, 4, 3, 2, 1].map(each => (
            <li key={each}>
              <span>{each}</span>
              <span class="plot-bar" aria-hidden="true"><i data-colour={each > 3 ? 'good' : each === 3 ? 'warn' : 'bad'} style={{ width: `${100 * (scores[each - 1] ?? 0) / most}%` }} /></span>
              <b>{figure(scores[each - 1] ?? 0)}</b>
            </li>
          ))}
        </ul>
      </div>
    </Card>
  )
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, each) => all + each, 0)
}

function score(counts: readonly number[]): string {
  const given = sum(counts)
  return given === 0 ? t('board.none') : (counts.reduce((all, each, place) => all + each * (place + 1), 0) / given).toFixed(2)
}
