import { useSignal } from '@preact/signals'
import { local, t } from '../../i18n'
import { announcements, IDLE, makeAnnouncement, perform, uploadAnnouncement, type Act } from '../../state/floor'
import { Recording } from '../../state/microphone'
import { live } from '../../state/store'
import type { AnnouncementView } from '../../wire/messages.gen'
import { Icon } from '../Icon'
import { Result } from './Reason'

const WAYS = ['typed', 'recorded', 'prompt'] as const
type Way = (typeof WAYS)[number]

/** Makes an announcement of typed words, a recording, or a shipped prompt; it is off at first. */
export function Maker({ known }: { known: AnnouncementView }) {
  const way = useSignal<Way>(known.voices.length > 0 ? 'typed' : 'recorded')
  const act = useSignal<Act>(IDLE)
  const make = async (work: () => Promise<unknown>) => perform(act, async () => { await work(); await announcements.refresh() })
  return (
    <div class="floor-maker" data-testid="maker">
      <div class="segmented three" role="radiogroup" aria-label={t('announce.new')}>
        {WAYS.map(each => (
          <label key={each}>
            <input type="radio" name="announce-way" checked={way.value === each} data-testid={`way-${each}`} onChange={() => { way.value = each; act.value = IDLE }} />
            <span>{t(`announce.${each}`)}</span>
          </label>
        ))}
      </div>
      {way.value === 'typed' && <Typed known={known} busy={act.value.state === 'busy'} make={make} />}
      {way.value === 'recorded' && <Recorded busy={act.value.state === 'busy'} make={make} />}
      {way.value === 'prompt' && <Prompt known={known} busy={act.value.state === 'busy'} make={make} />}
      <Result act={act.value} words={t('announce.made')} />
    </div>
  )
}

interface WayProps { busy: boolean, make: (work: () => Promise<unknown>) => Promise<boolean> }

function Submit({ ready, busy }: { ready: boolean, busy: boolean }) {
  return <button type="submit" class="button small primary" disabled={!live.value || !ready || busy} data-testid="make">{t(busy ? 'announce.making' : 'announce.make')}</button>
}

function Typed({ known, busy, make }: WayProps & { known: AnnouncementView }) {
  const zh = useSignal('')
  const en = useSignal('')
  const submit = async (event: Event) => {
    event.preventDefault()
    if (await make(() => makeAnnouncement({ prompt: '', zh: zh.value, en: en.value }))) zh.value = en.value = ''
  }
  const field = (code: 'zh' | 'en', text: typeof zh) => {
    const spoken = known.voices.includes(code)
    return (
      <label class="field">
        <span>{t(`speaks.${code}`)}{!spoken && <> <small>{t('announce.no_voice')}</small></>}</span>
        <textarea rows={2} maxLength={500} disabled={!spoken} value={text.value} data-testid={`words-${code}`} onInput={event => { text.value = event.currentTarget.value }} />
      </label>
    )
  }
  return (
    <form onSubmit={submit}>
      {field('zh', zh)}
      {field('en', en)}
      <Submit ready={zh.value.trim() !== '' || en.value.trim() !== ''} busy={busy} />
    </form>
  )
}

function Recorded({ busy, make }: WayProps) {
  const title = useSignal('')
  const file = useSignal<File | null>(null)
  const recording = useSignal<Recording | null>(null)
  const refused = useSignal(false)
  const submit = async (event: Event) => {
    event.preventDefault()
    const chosen = file.value
    if (chosen !== null && await make(() => uploadAnnouncement(title.value.trim(), chosen))) {
      title.value = ''
      file.value = null
    }
  }
  const toggle = async () => {
    refused.value = false
    try {
      if (recording.value === null) recording.value = await Recording.begin()
      else {
        const made = recording.value
        recording.value = null
        file.value = await made.end('recording')
      }
    } catch {
      refused.value = true
    }
  }
  return (
    <form onSubmit={submit}>
      <label class="field">
        <span>{t('announce.name')}</span>
        <input class="line-field" maxLength={200} value={title.value} data-testid="recording-title" onInput={event => { title.value = event.currentTarget.value }} />
      </label>
      <label class="field">
        <span>{t('announce.file')}</span>
        <input type="file" accept="audio/*" data-testid="recording-file" onChange={event => { file.value = event.currentTarget.files?.[0] ?? null }} />
      </label>
      <div class="floor-line">
        <button type="button" class="button small" aria-pressed={recording.value !== null} onClick={() => void toggle()}>
          <Icon name="phone" size={16} />{t(recording.value === null ? 'announce.record' : 'announce.stop')}
        </button>
        <small role="status">{refused.value ? t('announce.no_microphone') : file.value?.name ?? ''}</small>
      </div>
      <Submit ready={title.value.trim() !== '' && file.value !== null} busy={busy} />
    </form>
  )
}

function Prompt({ known, busy, make }: WayProps & { known: AnnouncementView }) {
  const chosen = useSignal('')
  const submit = (event: Event) => {
    event.preventDefault()
    void make(() => makeAnnouncement({ prompt: chosen.value, zh: '', en: '' }))
  }
  return (
    <form onSubmit={submit}>
      <label class="field">
        <span>{t('announce.prompt')}</span>
        <select value={chosen.value} data-testid="prompt" onChange={event => { chosen.value = event.currentTarget.value }}>
          <option value="">{t('announce.choose')}</option>
          {known.prompts.map(each => <option key={each.prompt} value={each.prompt}>{local(each.text)}</option>)}
        </select>
      </label>
      <Submit ready={chosen.value !== ''} busy={busy} />
    </form>
  )
}
