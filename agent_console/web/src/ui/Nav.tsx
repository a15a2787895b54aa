import { t } from '../i18n'
import { planner } from '../state/groups'
import { show, view, VIEWS } from '../state/view'

/** The pages that the person may see. */
export function Nav() {
  const shown = VIEWS.filter(each => each !== 'groups' || planner.value)
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
