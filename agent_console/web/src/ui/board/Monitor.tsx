import { t } from '../../i18n'
import { picture } from '../../state/board'
import { asking, change, listen, mayMonitor, MODES, monitor, stop } from '../../state/monitor'
import { live } from '../../state/store'
import type { AgentRow } from '../../wire/messages.gen'
import { Icon } from '../Icon'
import { Since } from '../Timer'
import { agentName } from './words'

/** What the supervisor hears now: the three modes, and the end. */
export function MonitorBar() {
  const heard = monitor.value
  if (heard === null) return null
  const idle = live.value && !asking.value && heard.state === 'running'
  return (
    <section class="monitor-bar" aria-label={t('monitor.title')} data-testid="monitor-bar" data-mode={heard.mode}>
      <Icon name="headset" size={18} />
      <p role="status">
        {heard.state === 'ringing'
          ? t('monitor.ringing', { name: agentName(heard.agent_id) })
          : <>{t(`monitor.${heard.mode}_now`, { name: agentName(heard.agent_id) })} <Since at={heard.since} /></>}
      </p>
      <div class="segmented three" role="radiogroup" aria-label={t('monitor.mode')}>
        {MODES.map(each => (
          <label key={each}>
            <input
              type="radio" name="monitor-mode" value={each} checked={heard.mode === each} disabled={!idle}
              data-testid={`monitor-${each}`}
              onChange={event => {
                // The picture of the server says which mode holds.
                event.currentTarget.checked = heard.mode === each
                void change(each)
              }}
            />
            <span>{t(`monitor.${each}`)}</span>
          </label>
        ))}
      </div>
      <button type="button" class="button small" data-testid="monitor-stop" disabled={!live.value || asking.value} onClick={() => void stop()}>
        {t('monitor.stop')}
      </button>
    </section>
  )
}

/** Beside an agent who talks: begin to listen; and who listens already. */
export function MonitorAgent({ row }: { row: AgentRow }) {
  const others = picture.value?.monitors.filter(each => each.agent_id === row.agent_id) ?? []
  const talks = row.state === 'on_call' || row.state === 'on_hold'
  return (
    <>
      {others.map(each => (
        <small key={each.by} class="monitored" title={t(`monitor.${each.mode}`)}>
          <Icon name="headset" size={14} />{t('monitor.by', { name: each.by })}
        </small>
      ))}
      {mayMonitor.value && talks && monitor.value === null && (
        <button
          type="button" class="icon-button small" data-testid={`listen-${row.agent_id}`}
          aria-label={t('monitor.listen_to', { name: agentName(row.agent_id) })} title={t('monitor.listen_to', { name: agentName(row.agent_id) })}
          disabled={!live.value || asking.value} onClick={() => void listen(row.agent_id)}
        >
          <Icon name="headset" size={16} />
        </button>
      )}
    </>
  )
}
