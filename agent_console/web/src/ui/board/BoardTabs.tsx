import { t } from '../../i18n'
import { show, view } from '../../state/view'

const TABS = ['board', 'plots', 'reports'] as const

/** The three pages of those who lead: what happens now, today as pictures, and the past. */
export function BoardTabs() {
  return (
    <nav class="board-tabs" aria-label={t('board.tabs')}>
      {TABS.map(each => (
        <a
          key={each} href={`#/${each}`} data-testid={`tab-${each}`}
          aria-current={view.value === each ? 'page' : undefined}
          onClick={event => {
            event.preventDefault()
            show(each)
          }}
        >
          {t(`tab.${each}`)}
        </a>
      ))}
    </nav>
  )
}
