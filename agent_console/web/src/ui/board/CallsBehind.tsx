import { t, timeOfDay, type Key } from '../../i18n'
import { behind, calls, lookBehind, span } from '../../state/board'
import { Failure, Nothing, Reading } from '../Empty'
import { Icon } from '../Icon'
import { PanelBody } from '../Panel'
import { agentName, queueTitle, seconds } from './words'

/** The newest calls behind the number that was chosen; no caller is named. */
export function CallsBehind() {
  const found = calls.value.value
  const chosen = behind.value
  const of = [
    chosen?.queue === undefined ? '' : queueTitle(chosen.queue),
    chosen?.agent === undefined ? '' : agentName(chosen.agent),
    chosen?.outcome === undefined ? '' : t(outcomeKey(chosen.outcome)),
    t(`board.${span.value}`),
  ].filter(each => each !== '').join(' · ')
  return (
    <section class="panel board-behind" aria-label={t('board.calls')} data-testid="board-calls">
      <header class="board-agents-head">
        <h2>{t('board.calls')} <small>{of}</small></h2>
        <button type="button" class="icon-button" aria-label={t('action.close')} onClick={() => lookBehind(null)}><Icon name="close" size={16} /></button>
      </header>
      <PanelBody label={t('board.calls')}>
        {found === null && (calls.problem.value === null ? <Reading /> : <Failure resource={calls} />)}
        {found?.length === 0 && <Nothing icon="phone" title={t('board.no_calls')} />}
        {found !== null && found.length > 0 && (
          <table class="grid">
            <thead>
              <tr>
                <th scope="col">{t('board.arrived')}</th>
                <th scope="col">{t('board.outcome')}</th>
                <th scope="col">{t('board.waited')}</th>
                <th scope="col">{t('board.talked')}</th>
                <th scope="col">{t('board.agent')}</th>
              </tr>
            </thead>
            <tbody>
              {found.map(each => (
                <tr key={each.call_id} title={each.call_id}>
                  <th scope="row">{timeOfDay(each.arrived_at)}</th>
                  <td>{t(outcomeKey(each.outcome))}</td>
                  <td>{seconds(each.wait_time)}</td>
                  <td>{each.talk_time > 0 ? seconds(each.talk_time) : t('board.none')}</td>
                  <td>{each.agents.map(agentName).join(', ')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </PanelBody>
    </section>
  )
}

const OUTCOMES = ['answered', 'abandoned', 'left_queue', 'menu', 'callback', 'found_closed'] as const

function outcomeKey(outcome: string): Key {
  const known = OUTCOMES.find(each => each === outcome)
  return known === undefined ? 'outcome.living' : `outcome.${known}`
}
