import { figure, local, moment, t } from '../../i18n'
import { acknowledge, alarmLog, logOpen, sending, setSound, showLog, sound, standing, unseen } from '../../state/alarms'
import { useFresh } from '../../state/resource'
import { live } from '../../state/store'
import { clockFace } from '../../state/time'
import type { AlarmLine } from '../../wire/messages.gen'
import { Failure, Nothing, Reading } from '../Empty'
import { Icon } from '../Icon'
import { PanelBody } from '../Panel'
import { Since } from '../Timer'
import { agentName, queueTitle } from './words'

const IN_STRIP = 3
const FRESH_MS = 5000

/** Opens the list of alarms; says how many nobody has seen yet. */
export function AlarmButton() {
  const count = unseen.value.length
  return (
    <button
      type="button" class="button small" data-testid="alarm-log" aria-pressed={logOpen.value} data-unseen={count > 0}
      onClick={() => showLog(!logOpen.value)}
    >
      <Icon name="bell" size={16} />{t('alarm.title')}{count > 0 && <> <strong>{figure(count)}</strong></>}
    </button>
  )
}

/** What stands now, in one line; the most urgent first. */
export function AlarmStrip() {
  const shown = standing.value.slice(0, IN_STRIP)
  const first = unseen.value[0]
  const more = standing.value.length - shown.length
  return (
    <>
      <p class="unseen" role="status">{first === undefined ? '' : `${local(first.title)}: ${subject(first)}`}</p>
      {shown.length > 0 && (
        <ul class="alarms" aria-label={t('alarm.standing')} data-testid="alarms">
          {shown.map(each => <Chip key={each.alarm_id} alarm={each} />)}
          {more > 0 && <li><button type="button" class="plain" onClick={() => showLog(true)}>{t('alarm.more', { count: more })}</button></li>}
        </ul>
      )}
    </>
  )
}

function Chip({ alarm }: { alarm: AlarmLine }) {
  return (
    <li class="alarm" data-severity={alarm.severity} data-seen={alarm.acknowledged_at !== null} data-alarm={alarm.alarm_id}>
      <Severity alarm={alarm} />
      <span class="alarm-words"><strong>{local(alarm.title)}</strong> {subject(alarm)}</span>
      <small><Since at={alarm.raised_at} /></small>
      <Seen alarm={alarm} />
    </li>
  )
}

function Severity({ alarm }: { alarm: AlarmLine }) {
  return (
    <span class="alarm-severity" data-severity={alarm.severity}>
      <Icon name={alarm.severity === 'critical' ? 'alert' : 'bell'} size={16} />{t(`alarm.${alarm.severity}`)}
    </span>
  )
}

/** Who has seen it, or the button by which one says so. */
function Seen({ alarm }: { alarm: AlarmLine }) {
  if (alarm.acknowledged_at !== null) {
    return (
      <small class="alarm-by" title={moment(alarm.acknowledged_at)}>
        <Icon name="tick" size={14} />{t('alarm.seen_by', { name: alarm.acknowledged_by })}
      </small>
    )
  }
  if (alarm.cleared_at !== null) return <small>{t('alarm.not_seen')}</small>
  return (
    <button
      type="button" class="button small" disabled={!live.value || sending.value.has(alarm.alarm_id)}
      aria-label={t('alarm.acknowledge_of', { name: `${local(alarm.title)}, ${subject(alarm)}` })} data-testid="acknowledge"
      onClick={() => void acknowledge(alarm)}
    >
      {t('alarm.acknowledge')}
    </button>
  )
}

function subject(alarm: AlarmLine): string {
  if (alarm.queue !== null) return queueTitle(alarm.queue)
  return alarm.agent_id === null ? '' : agentName(alarm.agent_id)
}

/** What was measured when it was raised, and the limit. */
function figures(alarm: AlarmLine): string {
  const words = (value: number) => alarm.kind === 'service_level' ? `${figure(value)}%` : clockFace(value)
  return t('alarm.figures', { value: words(alarm.value), limit: words(alarm.limit) })
}

/** Every alarm of late beside the board: when it stood, and who has seen it. */
export function AlarmLog() {
  useFresh(alarmLog, FRESH_MS)
  const found = alarmLog.value.value
  return (
    <section class="panel board-behind" aria-label={t('alarm.title')} data-testid="alarm-list">
      <header class="board-agents-head">
        <h2>{t('alarm.title')}</h2>
        <label class="alarm-sound">
          <input type="checkbox" checked={sound.value} data-testid="alarm-sound" onChange={event => setSound(event.currentTarget.checked)} />
          {t('alarm.sound')}
        </label>
        <button type="button" class="icon-button" aria-label={t('action.close')} onClick={() => showLog(false)}><Icon name="close" size={16} /></button>
      </header>
      <PanelBody label={t('alarm.title')}>
        {found === null && (alarmLog.problem.value === null ? <Reading /> : <Failure resource={alarmLog} />)}
        {found?.length === 0 && <Nothing icon="bell" title={t('alarm.none')} hint={t('alarm.none_hint')} />}
        {found !== null && found.length > 0 && <ul class="alarm-list">{found.map(each => <Entry key={each.alarm_id} alarm={each} />)}</ul>}
      </PanelBody>
    </section>
  )
}

function Entry({ alarm }: { alarm: AlarmLine }) {
  return (
    <li data-stands={alarm.cleared_at === null}>
      <div><Severity alarm={alarm} /> <strong>{local(alarm.title)}</strong> {subject(alarm)}</div>
      <small>
        {moment(alarm.raised_at)} · {figures(alarm)} · {alarm.cleared_at === null
          ? t('alarm.stands')
          : t('alarm.stood', { time: clockFace(alarm.cleared_at - alarm.raised_at) })}
      </small>
      <Seen alarm={alarm} />
    </li>
  )
}
