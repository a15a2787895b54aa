import { useSignal } from '@preact/signals'
import { moment, t } from '../i18n'
import { followUps, order } from '../state/day'
import { paperOf } from '../state/papers'
import { useFresh } from '../state/resource'
import { live } from '../state/store'
import { now } from '../state/time'
import { fieldValue, inAnHour, nextMonday, secondsOf, tomorrow } from '../state/dates'
import type { FollowUpDraft } from '../wire/messages.gen'
import { Icon } from './Icon'

const NEW: FollowUpDraft = { kind: 'task', text: '', due_at: null }
const SOON = [['follow.hour', inAnHour], ['follow.tomorrow', tomorrow], ['follow.monday', nextMonday]] as const
const FRESH_MS = 60_000
/** Keys of orders that are on their way, so that a second press does not order twice. */
const keys = new Map<string, string>()

/** Promises something for later; what is being written is stored with the notes. */
export function FollowUpForm({ callId, answered }: { callId: string, answered: boolean }) {
  const paper = paperOf(callId)
  const draft = paper.followUp.value
  useFresh(followUps, FRESH_MS)
  const arranged = (followUps.value.value ?? []).filter(each => each.call_id === callId)
  return (
    <section class="follow" data-testid="follow-up">
      <div class="work-head">
        <h2>{t('follow.title')}</h2>
        {draft === null && (
          <button
            type="button"
            class="button quiet small"
            data-key-target="follow"
            disabled={!answered || !live.value}
            onClick={() => paper.edit({ followUp: NEW })}
          >
            <Icon name="plus" size={14} />{t('follow.open')}
          </button>
        )}
      </div>
      {arranged.map(each => (
        <p class="arranged" key={each.follow_up_id}>
          <Icon name="tick" size={14} />
          <span>{t(`follow.${each.kind}`)} · {each.text}</span>
          <time dateTime={new Date(each.due_at * 1000).toISOString()}>{moment(each.due_at)}</time>
        </p>
      ))}
      {draft !== null && <Form callId={callId} draft={draft} />}
    </section>
  )
}

function Form({ callId, draft }: { callId: string, draft: FollowUpDraft }) {
  const paper = paperOf(callId)
  const problem = useSignal<'follow.missing' | 'follow.past' | null>(null)
  const busy = useSignal(false)
  const edit = (changes: Partial<FollowUpDraft>) => {
    problem.value = null
    paper.edit({ followUp: { ...draft, ...changes } })
  }

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (busy.value) return
    const text = draft.text.trim()
    if (text === '' || draft.due_at === null) problem.value = 'follow.missing'
    else if (draft.due_at <= now.peek()) problem.value = 'follow.past'
    else {
      busy.value = true
      const key = keys.get(callId) ?? `${callId.slice(-24)}.${Math.random().toString(36).slice(2, 14)}`
      keys.set(callId, key)
      if (await order({ key, kind: draft.kind, text, due_at: draft.due_at, call_id: callId })) {
        keys.delete(callId)
        paper.edit({ followUp: null })
      }
      busy.value = false
    }
  }

  return (
    <form class="follow-form" onSubmit={event => void submit(event)} aria-label={t('follow.title')}>
      <div class="segmented" role="radiogroup" aria-label={t('follow.kind')}>
        {(['task', 'callback'] as const).map(kind => (
          <label key={kind}>
            <input type="radio" name={`kind-${callId}`} checked={draft.kind === kind} onChange={() => edit({ kind })} />
            <span>{t(`follow.${kind}`)}</span>
          </label>
        ))}
      </div>
      <input
        class="line-field"
        aria-label={t('follow.text')}
        placeholder={t('follow.text_hint')}
        maxLength={500}
        value={draft.text}
        autofocus
        onInput={event => edit({ text: event.currentTarget.value })}
      />
      <div class="soon">
        {SOON.map(([words, when]) => (
          <button type="button" class="button small" key={words} onClick={() => edit({ due_at: when(now.peek()) })}>{t(words)}</button>
        ))}
      </div>
      <input
        class="line-field"
        type="datetime-local"
        aria-label={t('follow.due')}
        value={draft.due_at === null ? '' : fieldValue(draft.due_at)}
        onInput={event => edit({ due_at: secondsOf(event.currentTarget.value) })}
      />
      <p class="form-note" data-problem={problem.value !== null} role="status">
        {problem.value !== null ? t(problem.value) : draft.due_at !== null && moment(draft.due_at)}
      </p>
      <div class="follow-actions">
        <button type="button" class="button small quiet" onClick={() => paper.edit({ followUp: null })}>{t('follow.cancel')}</button>
        <button type="submit" class="button small primary" disabled={busy.value || !live.value}>{t('follow.order')}</button>
      </div>
    </form>
  )
}
