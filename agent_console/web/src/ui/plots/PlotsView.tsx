import type { FunctionComponent } from 'preact'
import { useEffect } from 'preact/hooks'
import { local, t } from '../../i18n'
import { legend } from '../../state/board'
import { ofQueue, plots, queue } from '../../state/plots'
import { useFresh } from '../../state/resource'
import { live } from '../../state/store'
import { wall, type WallPage } from '../../state/wall'
import type { DayPlots } from '../../wire/messages.gen'
import { BoardTabs } from '../board/BoardTabs'
import { Failure } from '../Empty'
import { Icon } from '../Icon'
import { ArrivalsCard, WaitingCard, WaitsCard } from './DayCurves'
import { FunnelCard, OffersCard, ScoresCard } from './DayShares'

const FRESH_MS = 30_000
type Drawn = FunctionComponent<{ day: DayPlots }>
const ALL: readonly Drawn[] = [ArrivalsCard, WaitingCard, WaitsCard, FunnelCard, OffersCard, ScoresCard]
const ON_WALL: Readonly<Record<Exclude<WallPage, 'board'>, readonly Drawn[]>> = {
  arrivals: [ArrivalsCard], waits: [WaitingCard, WaitsCard], menu: [FunnelCard], people: [OffersCard, ScoresCard],
}

/** Today as pictures; on a wall only some of them, large. */
export function PlotsView({ only }: { only?: Exclude<WallPage, 'board'> }) {
  useFresh(plots, FRESH_MS)
  useEffect(() => {
    if (live.value && legend.value.peek() === null) void legend.refresh()
  }, [live.value])
  const day = plots.value.value
  const cards = only === undefined ? ALL : ON_WALL[only]
  return (
    <main class="board plots" data-testid="plots">
      <header class="board-head">
        <h1>{t('plots.title')}</h1>
        {only === undefined && <BoardTabs />}
        <p class="board-sign" role="status">{day !== null && plots.problem.value !== null && <><Icon name="alert" size={16} />{t('plots.stale')}</>}</p>
        <label class="report-field plots-queue">
          <span>{t('plots.queue')}</span>
          <select value={queue.value} data-testid="plots-queue" onChange={event => ofQueue(event.currentTarget.value)}>
            <option value="">{t('reports.all_queues')}</option>
            {(legend.value.value?.targets ?? []).map(each => <option key={each.queue} value={each.queue}>{local(each.title)}</option>)}
          </select>
        </label>
        <button type="button" class="button small" aria-pressed={wall.value} onClick={() => { wall.value = !wall.value }}>
          <Icon name="board" size={16} />{t(wall.value ? 'board.leave_wall' : 'board.wall')}
        </button>
      </header>
      {day === null && (plots.problem.value === null ? <Waiting /> : <Failure resource={plots} />)}
      {day !== null && <div class="plots-grid" data-only={only}>{cards.map((Each, place) => <Each key={place} day={day} />)}</div>}
    </main>
  )
}

function Waiting() {
  return (
    <div class="plots-grid" role="status" aria-label={t('data.loading')}>
      {ALL.map((_, place) => <span key={place} class="skeleton plot-skeleton" />)}
    </div>
  )
}
