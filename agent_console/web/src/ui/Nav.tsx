import { t, type Key } from '../i18n'
import { leads, orders } from '../state/board'
import { planner } from '../state/groups'
import { show, view, VIEWS, type View } from '../state/view'

const MAY: Readonly<Record<View, () => boolean>> = {
  desk: () => true,
  day: () => true,
  knowledge: () => true,
  board: () => leads.value,
  floor: () => orders.value,
  // These two stand behind the board.
  plots: () => false,
  reports: () => false,
  groups: () => planner.value,
  // The others come to their own browsers by their name.
  people: () => leads.value,
}

/** Pages that belong to another one's place in the bar. */
const BEHIND: Partial<Record<View, View>> = { plots: 'board', reports: 'board' }

/** The pages that the person may see. */
export function Nav() {
  const shown = VIEWS.filter(each => MAY[each]())
  return (
    <nav class="pages" aria-label={t('nav.title')}>
      {shown.map(each => (
        <a
          key={each}
          href={`#/${each}`}
          aria-current={(BEHIND[view.value] ?? view.value) === each ? 'page' : undefined}
          data-testid={`nav-${each}`}
          onClick={event => {
            event.preventDefault()
            show(each)
          }}
        >
          {t(`nav.${each}` as Key)}
        </a>
      ))}
    </nav>
  )
}
