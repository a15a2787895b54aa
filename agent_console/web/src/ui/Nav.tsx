import { t } from '../i18n'
import { leads, orders } from '../state/board'
import { planner } from '../state/groups'
import { show, view, VIEWS, type View } from '../state/view'

const MAY: Readonly<Record<View, () => boolean>> = {
  desk: () => true,
  day: () => true,
  knowledge: () => true,
  board: () => leads.value,
  floor: () => orders.value,
  groups: () => planner.value,
  // The others come to their own browsers by their name.
  people: () => planner.value,
}

/** The pages that the person may see. */
export function Nav() {
  const shown = VIEWS.filter(each => MAY[each]())
  return (
    <nav class="pages" aria-label={t('nav.title')}>
      {shown.map(each => (
        <a
          key={each}
          href={`#/${each}`}
          aria-current={view.value === each ? 'page' : undefined}
          data-testid={`nav-${each}`}
          onClick={event => {
            event.preventDefault()
            show(each)
          }}
        >
          {t(`nav.${each}`)}
        </a>
      ))}
    </nav>
  )
}
