import { useFresh } from '../../state/resource'
import { t } from '../../i18n'
import { legend } from '../../state/board'
import { Announcements } from './Announcements'
import { Queues } from './Queues'
import { Skills } from './Skills'
import { Waiting } from './Waiting'

const FRESH_MS = 60_000

/** Where supervisors act: queues, the announcement, who waits, who takes which calls. */
export function FloorView() {
  useFresh(legend, FRESH_MS)
  return (
    <main class="floor" data-testid="floor">
      <h1 class="unseen">{t('nav.floor')}</h1>
      <div><Queues /><Announcements /></div>
      <div><Waiting /><Skills /></div>
    </main>
  )
}
