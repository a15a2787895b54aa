import type { ComponentChildren } from 'preact'
import { figure, t, type Key } from '../../i18n'
import { legend, lookBehind, span } from '../../state/board'
import type { BoardPicture } from '../../wire/messages.gen'
import { Since } from '../Timer'
import { longestSince, percent, seconds, staff } from './words'

/** All queues together. */
export function Totals({ board }: { board: BoardPicture }) {
  const { total } = board
  const numbers = total.windows[span.value]
  const people = staff(total)
  const longest = longestSince(total, board.at)
  const formula = legend.value.value?.formula
  return (
    <dl class="totals" data-testid="totals">
      <Tile name="board.waiting" strong alarm={total.waiting > people.free + people.busy}>{figure(total.waiting)}</Tile>
      <Tile name="board.longest">{longest === null ? t('board.none') : <Since at={longest} />}</Tile>
      <Tile name="board.in_menu">{figure(board.in_menu)}</Tile>
      <Tile name="board.callbacks">{figure(total.callbacks)}</Tile>
      <Tile name="board.level" title={formula === undefined ? '' : t(`formula.${formula}`)}>{percent(numbers?.service_level)}</Tile>
      <Tile name="board.asa">{seconds(numbers?.asa)}</Tile>
      <Tile name="board.aht">{seconds(numbers?.aht)}</Tile>
      <Tile name="board.answered" onClick={() => lookBehind({ outcome: 'answered' })}>{count(numbers?.answered)}</Tile>
      <Tile name="board.abandoned" note={percent(numbers?.abandon_rate)} onClick={() => lookBehind({ outcome: 'abandoned' })}>{count(numbers?.abandoned)}</Tile>
      {numbers !== undefined && numbers.found_closed > 0
        && <Tile name="board.found_closed" onClick={() => lookBehind({ outcome: 'found_closed' })}>{figure(numbers.found_closed)}</Tile>}
      <Tile name="board.people" note={t('board.people_note', { busy: people.busy, paused: people.paused })}>{figure(people.free)}</Tile>
    </dl>
  )
}

interface TileProps {
  name: Key
  note?: string
  title?: string
  strong?: boolean
  alarm?: boolean
  onClick?: () => void
  children: ComponentChildren
}

function Tile({ name, note, title, strong, alarm, onClick, children }: TileProps) {
  return (
    <div class="total" data-strong={strong} data-alarm={alarm} title={title}>
      <dt>{t(name)}</dt>
      <dd>
        {onClick === undefined
          ? <span>{children}</span>
          : <button type="button" class="plain" onClick={onClick} title={t('board.show_calls')}>{children}</button>}
        {note !== undefined && <small>{note}</small>}
      </dd>
    </div>
  )
}

function count(value: number | undefined): string {
  return value === undefined ? t('board.none') : figure(value)
}
