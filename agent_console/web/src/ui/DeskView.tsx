import { t } from '../i18n'
import { chosen, currentPop, desk, me } from '../state/store'
import { Announcer } from './Announcer'
import { Icon, type IconName } from './Icon'
import { Offers } from './Offers'
import { CallerCard } from './CallerCard'
import { Timeline } from './Timeline'
import { callerName } from './caller'
import { WrapUpPanel } from './WrapUpPanel'

export function DeskView() {
  const pop = currentPop.value
  const wrapUp = desk.value.wrapUp
  return (
    <main class="desk">
      <Announcer />
      <CallTabs />
      {pop === null && wrapUp === null && <Empty />}
      {(pop !== null || wrapUp !== null) && (
        <div class="columns">
          <div class="column">
            {pop !== null && <CallerCard key={pop.call_id} pop={pop} />}
            {pop !== null && <Timeline pop={pop} />}
          </div>
          <div class="column side">
            {wrapUp !== null && <WrapUpPanel key={wrapUp.call_id} wrapUp={wrapUp} />}
            {pop !== null && <Offers pop={pop} />}
          </div>
        </div>
      )}
    </main>
  )
}

/** Two calls at once (a consultation) keep two pops apart. */
function CallTabs() {
  const pops = desk.value.pops
  if (pops.length < 2) return null
  return (
    <nav class="call-tabs" aria-label={t('pop.calls')}>
      {pops.map(pop => (
        <button
          type="button"
          key={pop.call_id}
          aria-current={pop.call_id === currentPop.value?.call_id}
          data-phase={pop.phase}
          onClick={() => { chosen.value = pop.call_id }}
        >
          <span class="phase-dot" />
          {callerName(pop)}
        </button>
      ))}
    </nav>
  )
}

function Empty() {
  const [icon, kind] = emptyKind()
  return (
    <section class="empty" data-testid="empty">
      <span class="empty-sign"><Icon name={icon} size={34} /></span>
      <h1>{t(`empty.${kind}`)}</h1>
      <p>{t(`empty.${kind}.hint`)}</p>
    </section>
  )
}

function emptyKind(): [IconName, 'available' | 'paused' | 'logged_out' | 'not_agent' | 'wait'] {
  if (me.value?.agent_id == null) return ['person', 'not_agent']
  switch (desk.value.status.state) {
    case 'available': return ['headset', 'available']
    case 'paused': return ['cup', 'paused']
    case 'logged_out': return ['exit', 'logged_out']
    default: return ['phone', 'wait']
  }
}
