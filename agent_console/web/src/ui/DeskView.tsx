import { useLayoutEffect } from 'preact/hooks'
import { t } from '../i18n'
import { settle, settled } from '../state/paint'
import { chosen, currentPop, me, ownState, pops, wrapUp } from '../state/store'
import { Advice } from './Advice'
import { DayPanels } from './DayView'
import { Icon, type IconName } from './Icon'
import { CallerCard } from './CallerCard'
import { callerName } from './caller'
import { Monitored } from './Monitored'
import { WorkPanel } from './WorkPanel'

export function DeskView() {
  const pop = currentPop.value
  const after = wrapUp.value
  const callId = pop?.call_id ?? null
  useLayoutEffect(() => { if (callId !== null) settle(callId) }, [callId])
  // Who calls and what to offer come first; the frame after brings the rest.
  const whole = callId === null || settled(callId)
  return (
    <main class="desk">
      <Monitored />
      <CallTabs />
      {pop === null && after === null && <Empty />}
      {(pop !== null || after !== null) && (
        <div class="columns">
          {pop === null ? <EmptyColumn /> : <CallerCard key={pop.call_id} pop={pop} whole={whole} />}
          <Advice pop={pop} whole={whole} />
          <WorkPanel pop={pop} wrapUp={after} whole={whole} />
        </div>
      )}
    </main>
  )
}

/** A wrap-up whose call has left the desk. */
function EmptyColumn() {
  return <section class="panel caller" />
}

/** Two calls at once (a consultation) keep two pops apart. */
function CallTabs() {
  if (pops.value.length < 2) return null
  return (
    <nav class="call-tabs" aria-label={t('pop.calls')}>
      {pops.value.map(pop => (
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
    <div class="idle">
      <section class="empty" data-testid="empty" data-kind={kind}>
        <span class="empty-sign"><Icon name={icon} size={24} /></span>
        <div>
          <h1>{t(`empty.${kind}`)}</h1>
          <p>{t(`empty.${kind}.hint`)}</p>
        </div>
      </section>
      <DayPanels />
    </div>
  )
}

function emptyKind(): [IconName, 'available' | 'paused' | 'logged_out' | 'not_agent' | 'wait'] {
  if (me.value?.agent_id == null) return ['person', 'not_agent']
  switch (ownState.value) {
    case 'available': return ['headset', 'available']
    case 'paused': return ['cup', 'paused']
    case 'logged_out': return ['exit', 'logged_out']
    default: return ['phone', 'wait']
  }
}
