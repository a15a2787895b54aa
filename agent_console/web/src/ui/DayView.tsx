import { t } from '../i18n'
import { me } from '../state/store'
import { Figures } from './Figures'
import { FollowUps } from './FollowUps'
import { OwnCalls } from './OwnCalls'
import { Team } from './Team'

/** The person's own day: figures, calls, promises, and the team. */
export function DayView() {
  return (
    <main class="day" data-testid="day">
      <h1 class="unseen">{t('nav.day')}</h1>
      <DayPanels />
    </main>
  )
}

/** Somebody who takes no calls has no figures and no calls, but colleagues and promises. */
export function DayPanels() {
  const agent = me.value?.agent_id != null
  return (
    <div class="day-panels" data-agent={agent}>
      {agent && <Figures />}
      {agent && <OwnCalls />}
      <FollowUps />
      <Team />
    </div>
  )
}
