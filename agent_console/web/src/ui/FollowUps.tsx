import { moment, t } from '../i18n'
import { change, followUps } from '../state/day'
import { useFresh } from '../state/resource'
import { live } from '../state/store'
import { now } from '../state/time'
import type { FollowUpLine } from '../wire/messages.gen'
import { Failure, Nothing, Reading } from './Empty'
import { Icon } from './Icon'
import { PanelBody } from './Panel'
import { VoiceMessage } from './VoiceMessage'

const FRESH_MS = 60_000

/** What the person has promised; done with one press, and back with another. */
export function FollowUps() {
  useFresh(followUps, FRESH_MS)
  const lines = followUps.value.value
  return (
    <section class="panel day-follow">
      <h2 class="panel-title">{t('follow.list')}</h2>
      <PanelBody label={t('follow.list')}>
        {lines === null && (followUps.problem.value === null ? <Reading /> : <Failure resource={followUps} />)}
        {lines?.length === 0 && <Nothing icon="tick" title={t('follow.none')} />}
        {lines !== null && lines.length > 0 && (
          <ul class="promises" data-testid="follow-ups">{lines.map(line => <Line key={line.follow_up_id} line={line} />)}</ul>
        )}
      </PanelBody>
    </section>
  )
}

function Line({ line }: { line: FollowUpLine }) {
  const done = line.done_at !== null
  const late = !done && line.due_at < now.value
  const words = t(done ? 'follow.undo' : 'follow.done')
  return (
    <li data-follow-up={line.follow_up_id} data-done={done} data-late={late}>
      <button
        type="button"
        class="tick"
        aria-pressed={done}
        aria-label={`${words}: ${line.text}`}
        title={words}
        disabled={!live.value}
        onClick={() => void change(line.follow_up_id, { text: line.text, due_at: line.due_at, done: !done })}
      >
        <Icon name="tick" size={14} />
      </button>
      <span class="promise">
        <b>{line.text}</b>
        <small>
          {t(`follow.${line.kind}`)}{line.caller !== '' && ` · ${line.caller}`} · {moment(line.due_at)}
          {late && <em> {t('follow.overdue')}</em>}
          {done && <> · {t('follow.was_done')}</>}
        </small>
        {line.message_s !== null && <VoiceMessage line={line} seconds={line.message_s} />}
      </span>
    </li>
  )
}
