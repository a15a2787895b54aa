import { t, type Key } from '../../i18n'
import { behind, boardLine, type BoardLine, choose, legend, picture, span, WINDOWS } from '../../state/board'
import { logOpen } from '../../state/alarms'
import { useFresh } from '../../state/resource'
import { wall } from '../../state/wall'
import { Icon } from '../Icon'
import { AgentTable } from './AgentTable'
import { AlarmButton, AlarmLog, AlarmStrip } from './Alarms'
import { BoardTabs } from './BoardTabs'
import { CallsBehind } from './CallsBehind'
import { MonitorBar } from './Monitor'
import { QueueTable } from './QueueTable'
import { Totals } from './Totals'

const FRESH_MS = 60_000

/** What happens now, for those who lead: every queue and agent, and the calls behind a number. */
export function BoardView() {
  useFresh(legend, FRESH_MS)
  return (
    <main class="board" data-testid="board" data-wall={wall.value} data-line={boardLine.value}>
      <header class="board-head">
        <h1>{t('board.title')}</h1>
        <BoardTabs />
        <Sign />
        <div class="segmented three" role="radiogroup" aria-label={t('board.window')}>
          {WINDOWS.map(each => (
            <label key={each}>
              <input type="radio" name="window" checked={span.value === each} data-testid={`window-${each}`} onChange={() => choose(each)} />
              <span>{t(`board.${each}`)}</span>
            </label>
          ))}
        </div>
        <AlarmButton />
        <button type="button" class="button small" data-testid="wall" aria-pressed={wall.value} onClick={() => { wall.value = !wall.value }}>
          <Icon name="board" size={16} />{t(wall.value ? 'board.leave_wall' : 'board.wall')}
        </button>
      </header>
      {picture.value === null ? <Waiting /> : (
        <>
          <AlarmStrip />
          <MonitorBar />
          {picture.value.playing !== null && (
            <p class="board-playing" role="status"><Icon name="bell" size={16} />{t('announce.board', { reason: picture.value.playing.reason })}</p>
          )}
          <Totals board={picture.value} />
          <div class="board-body" data-behind={behind.value !== null || logOpen.value}>
            <QueueTable board={picture.value} />
            <AgentTable board={picture.value} />
            {behind.value !== null && <CallsBehind />}
            {logOpen.value && <AlarmLog />}
          </div>
        </>
      )}
    </main>
  )
}

const NOT_NOW: Readonly<Record<BoardLine, Key | null>> = {
  open: null, connecting: 'board.line_connecting', away: 'board.line_away', lost: 'board.line_lost',
}

/** Says when what stands here is not of now. */
function Sign() {
  const words = NOT_NOW[boardLine.value]
  return (
    <p class="board-sign" role="status" data-state={boardLine.value}>
      {words !== null && <><Icon name="alert" size={16} />{t(words)}</>}
    </p>
  )
}

function Waiting() {
  return (
    <div class="board-waiting" role="status" aria-label={t('data.loading')}>
      {[1, 2, 3, 4, 5, 6].map(each => <span key={each} class="skeleton tall" />)}
    </div>
  )
}
