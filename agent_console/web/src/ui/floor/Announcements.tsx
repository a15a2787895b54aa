import { useSignal } from '@preact/signals'
import { figure, local, moment, t } from '../../i18n'
import { picture } from '../../state/board'
import { announcements, soundOf, switchOff, switchOn } from '../../state/floor'
import { useFresh } from '../../state/resource'
import { language, live } from '../../state/store'
import type { AnnouncementLine } from '../../wire/messages.gen'
import { Failure, Nothing, Reading } from '../Empty'
import { Icon } from '../Icon'
import { PanelBody } from '../Panel'
import { Maker } from './Maker'
import { Reason } from './Reason'

const FRESH_MS = 10_000

/** What every new caller hears before the menu: what is on, what can be, and how to make another. */
export function Announcements() {
  useFresh(announcements, FRESH_MS)
  const known = announcements.value.value
  const playing = picture.value?.playing ?? null
  return (
    <section class="panel floor-announcements" aria-label={t('announce.title')} data-testid="announcements">
      <header class="floor-head"><h2>{t('announce.title')}</h2></header>
      <PanelBody label={t('announce.title')}>
        {playing === null ? <p class="floor-note">{t('announce.none_on')}</p> : <Playing line={playing} />}
        {known === null && (announcements.problem.value === null ? <Reading /> : <Failure resource={announcements} />)}
        {known !== null && <Maker known={known} />}
        {known?.announcements.length === 0 && <Nothing icon="bell" title={t('announce.nothing')} />}
        {known !== null && (
          <ul class="floor-list">
            {known.announcements.filter(each => each.announcement_id !== playing?.announcement_id).map(each => <Line key={each.announcement_id} line={each} />)}
          </ul>
        )}
      </PanelBody>
    </section>
  )
}

/** The words of an announcement; of a shipped prompt what it says. */
function title(line: AnnouncementLine): string {
  const prompt = announcements.value.value?.prompts.find(each => each.prompt === line.title)
  return line.kind === 'prompt' && prompt !== undefined ? local(prompt.text) : line.title
}

function Playing({ line }: { line: AnnouncementLine }) {
  const asking = useSignal(false)
  return (
    <div class="floor-on" data-testid="playing">
      <div class="floor-line">
        <Icon name="bell" size={18} /><strong>{t('announce.on')}</strong>
        {!asking.value && <button type="button" class="button small" disabled={!live.value} onClick={() => { asking.value = true }}>{t('announce.switch_off')}</button>}
      </div>
      <p>{title(line)}</p>
      <small>{t('announce.on_by', { name: line.on_by, time: moment(line.on_since ?? 0), reason: line.reason })}</small>
      {asking.value && (
        <Reason
          question={t('announce.sure_off')} confirm={t('announce.switch_off')} reason={false}
          work={async () => { await switchOff(); await announcements.refresh() }} done={() => { asking.value = false }}
        />
      )}
    </div>
  )
}

function Line({ line }: { line: AnnouncementLine }) {
  const asking = useSignal(false)
  return (
    <li data-announcement={line.announcement_id}>
      <div class="floor-line">
        <span class="floor-title">{title(line)}</span>
        {!asking.value && <button type="button" class="button small" disabled={!live.value} aria-label={t('announce.switch_on_of', { title: title(line) })} onClick={() => { asking.value = true }}>{t('announce.switch_on')}</button>}
      </div>
      <small>{t(`announce.${line.kind}`)} · {t('announce.seconds', { seconds: figure(line.seconds) })} · {line.made_by} {moment(line.made_at)}</small>
      <audio controls preload="none" src={soundOf(line.announcement_id, language.value)} aria-label={t('announce.listen', { title: title(line) })} />
      {asking.value && (
        <Reason
          question={t('announce.sure_on')} confirm={t('announce.switch_on')}
          work={async reason => { await switchOn(line.announcement_id, reason); await announcements.refresh() }} done={() => { asking.value = false }}
        />
      )}
    </li>
  )
}
