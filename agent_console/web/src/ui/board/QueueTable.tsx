import { figure, t } from '../../i18n'
import { lookBehind, picture, span } from '../../state/board'
import type { BoardPicture, QueueRow } from '../../wire/messages.gen'
import { Nothing } from '../Empty'
import { PanelBody } from '../Panel'
import { Since } from '../Timer'
import { longestSince, mood, percent, queueTitle, seconds, staff, targetOf } from './words'

/** One line for each queue; the fullest first. */
export function QueueTable({ board }: { board: BoardPicture }) {
  const rows = [...board.queues].sort((a, b) => b.waiting - a.waiting || queueTitle(a.queue).localeCompare(queueTitle(b.queue)))
  return (
    <section class="panel board-queues" aria-label={t('board.queues')}>
      <PanelBody label={t('board.queues')}>
        {rows.length === 0 ? <Nothing icon="person" title={t('board.no_queues')} /> : (
          <table class="grid" data-testid="board-queues">
            <thead>
              <tr>
                <th scope="col">{t('board.queue')}</th>
                <th scope="col">{t('board.waiting')}</th>
                <th scope="col">{t('board.longest')}</th>
                <th scope="col">{t('board.expected')}</th>
                <th scope="col">{t('board.level')}</th>
                <th scope="col">{t('board.asa')}</th>
                <th scope="col">{t('board.answered')}</th>
                <th scope="col">{t('board.abandoned')}</th>
                <th scope="col">{t('board.left')}</th>
                <th scope="col">{t('board.aht')}</th>
                <th scope="col">{t('board.people')}</th>
              </tr>
            </thead>
            <tbody>{rows.map(row => <Line key={row.queue} row={row} at={board.at} />)}</tbody>
          </table>
        )}
      </PanelBody>
    </section>
  )
}

function Line({ row, at }: { row: QueueRow, at: number }) {
  const numbers = row.windows[span.value]
  const people = staff(row)
  const longest = longestSince(row, at)
  const shut = picture.value?.closed.some(each => each.queue === row.queue) ?? false
  const turnedAway = numbers?.found_closed ?? 0
  const level = mood(row.queue, numbers)
  const show = (outcome: string) => () => lookBehind({ queue: row.queue, outcome })
  return (
    <tr data-queue={row.queue} data-waiting={row.waiting > 0} data-unserved={people.free + people.busy === 0}>
      <th scope="row">
        <button type="button" class="plain" onClick={() => lookBehind({ queue: row.queue })}>{queueTitle(row.queue)}</button>
        {shut && <span class="board-closed">{t('floor.closed')}</span>}
        {turnedAway > 0 && <button type="button" class="plain board-turned-away" data-figure="found_closed" onClick={show('found_closed')}>{t('board.found_closed_here', { count: figure(turnedAway) })}</button>}
      </th>
      <td class="strong">{figure(row.waiting)}{row.callbacks > 0 && <small> +{figure(row.callbacks)}</small>}</td>
      <td>{longest === null ? t('board.none') : <Since at={longest} />}</td>
      <td>{seconds(row.expected_wait)}</td>
      <td title={targetOf(row.queue)}><span class="level" data-mood={level}>{percent(numbers?.service_level)}</span></td>
      <td>{seconds(numbers?.asa)}</td>
      <td><button type="button" class="plain" data-figure="answered" onClick={show('answered')}>{count(numbers?.answered)}</button></td>
      <td><button type="button" class="plain" data-figure="abandoned" onClick={show('abandoned')}>{count(numbers?.abandoned)}</button></td>
      <td><button type="button" class="plain" onClick={show('left_queue')}>{count(numbers?.left_queue)}</button></td>
      <td>{seconds(numbers?.aht)}</td>
      <td class="people">
        <span data-state="available" title={t('state.available')}>{people.free}</span>
        <span data-state="on_call" title={t('board.busy')}>{people.busy}</span>
        <span data-state="paused" title={t('state.paused')}>{people.paused}</span>
      </td>
    </tr>
  )
}

function count(value: number | undefined): string {
  return value === undefined ? t('board.none') : figure(value)
}
