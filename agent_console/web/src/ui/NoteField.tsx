import { t, timeOfDay } from '../i18n'
import type { Paper, PaperState } from '../state/paper'
import { paperOf } from '../state/papers'
import { Icon, type IconName } from './Icon'

const MOST = 8_000
const ICONS: Readonly<Record<PaperState, IconName>> = {
  loading: 'clock', saved: 'check', typing: 'clock', saving: 'clock', unsaved: 'alert', gone: 'alert',
}

/** What the agent types about the call; stored as it is typed. */
export function NoteField({ callId }: { callId: string }) {
  const paper = paperOf(callId)
  const field = `note-${callId}`
  return (
    <div class="note-field">
      <div class="work-head">
        <label for={field}>{t('note.title')}</label>
        <Saved paper={paper} />
      </div>
      <textarea
        id={field}
        data-key-target="note"
        data-testid="note"
        rows={4}
        maxLength={MOST}
        placeholder={t('note.hint')}
        value={paper.note.value}
        onInput={event => paper.edit({ note: event.currentTarget.value })}
        onBlur={() => void paper.flush()}
      />
    </div>
  )
}

function Saved({ paper }: { paper: Paper }) {
  const state = paper.state.value
  const at = paper.savedAt.value
  const words = state === 'saved' && at !== null ? t('note.saved_at', { time: timeOfDay(at) }) : t(`note.${state}`)
  if (state === 'saved' && at === null) return <span class="saved-sign" data-state="new" data-testid="note-state" />
  return (
    <span class="saved-sign" data-state={state} data-testid="note-state" role="status">
      <Icon name={ICONS[state]} size={14} />{words}
    </span>
  )
}
