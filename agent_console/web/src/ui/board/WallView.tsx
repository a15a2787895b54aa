import { t } from '../../i18n'
import { WALL_PAGES, WALL_SECONDS, wall, wallAt, wallPaused, wallShown, wallTurn } from '../../state/wall'
import { PlotsView } from '../plots/PlotsView'
import { BoardView } from './BoardView'

/** The screen on the wall: one page at a time, and how long it stays. */
export function WallView() {
  const page = WALL_PAGES[wallAt.value] ?? 'board'
  return (
    <div class="wall" data-testid="wall-view" data-page={page} data-paused={wallPaused.value}>
      {page === 'board' ? <BoardView /> : <PlotsView only={page} />}
      <footer class="wall-foot">
        <ol>
          {WALL_PAGES.map((each, place) => (
            <li key={each}>
              <button
                type="button" aria-current={place === wallAt.value ? 'true' : undefined}
                onClick={() => wallTurn(place - wallAt.value)}
              >
                {t(`wall.${each}`)}
              </button>
            </li>
          ))}
        </ol>
        <progress
          max={WALL_SECONDS} value={wallShown.value} aria-label={t('wall.progress')} data-testid="wall-progress"
        />
        <button
          type="button" class="wall-pause" data-testid="wall-pause" aria-pressed={wallPaused.value}
          onClick={() => { wallPaused.value = !wallPaused.value }}
        >
          {t(wallPaused.value ? 'wall.paused' : 'wall.pause')} <kbd>{t('wall.space')}</kbd>
        </button>
        <button type="button" class="wall-pause" onClick={() => { wall.value = false }}>{t('wall.leave')} <kbd>Esc</kbd></button>
      </footer>
    </div>
  )
}
