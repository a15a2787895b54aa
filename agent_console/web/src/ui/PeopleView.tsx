import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { moment, t } from '../i18n'
import { leads } from '../state/board'
import { lookAt, MOST_SHOWN, people, sessions, whose } from '../state/people'
import { useFresh } from '../state/resource'
import { live, me } from '../state/store'
import type { PersonSessions } from '../wire/messages.gen'
import { Failure, Nothing, Reading } from './Empty'
import { Icon } from './Icon'
import { PanelBody } from './Panel'
import { PersonPanel } from './PersonPanel'
import { rowKeys } from './rows'

const FRESH_MS = 15_000

/** Where people are signed in: one's own browsers, and for those in charge everybody's. */
export function PeopleView() {
  useEffect(() => {
    if (live.value) void sessions.refresh()
  }, [live.value])
  return (
    <main class="groups people-page" data-testid="people" data-alone={!leads.value}>
      {leads.value ? <Everybody /> : <h1 class="unseen">{t('people.own')}</h1>}
      <PersonPanel />
    </main>
  )
}

function Everybody() {
  useFresh(people, FRESH_MS)
  const words = useSignal('')
  const present = useSignal(false)
  const all = people.value.value
  const wanted = words.value.trim().toLowerCase()
  const found = (all ?? []).filter(each => (!present.value || each.sessions > 0)
    && `${each.display_name} ${each.login} ${each.agent_id ?? ''}`.toLowerCase().includes(wanted))
  return (
    <section class="panel" onKeyDown={rowKeys}>
      <header class="panel-head">
        <div class="panel-head-row">
          <h1>{t('people.title')}</h1>
          <label class="check">
            <input type="checkbox" checked={present.value} onChange={event => { present.value = event.currentTarget.checked }} />
            {t('people.present')}
          </label>
        </div>
        <div class="search-field knowledge-search">
          <Icon name="search" size={16} />
          <input type="search" data-key-target="people" aria-label={t('people.search')} placeholder={t('people.search')} value={words.value} onInput={event => { words.value = event.currentTarget.value }} />
        </div>
      </header>
      <PanelBody label={t('people.title')}>
        {all === null && (people.problem.value === null ? <Reading /> : <Failure resource={people} />)}
        {all !== null && found.length === 0 && <Nothing icon="search" title={t('people.none')} />}
        <ul class="hits persons" data-testid="persons">
          {found.slice(0, MOST_SHOWN).map(each => <Line key={each.login} person={each} />)}
        </ul>
        {found.length > MOST_SHOWN && <p class="muted padded">{t('people.more', { count: found.length - MOST_SHOWN })}</p>}
      </PanelBody>
    </section>
  )
}

function Line({ person }: { person: PersonSessions }) {
  return (
    <li>
      <button type="button" data-row data-login={person.login} aria-pressed={whose.value === person.login} onClick={() => lookAt(person.login)}>
        <b>{person.display_name}{person.login === me.value?.login && <small> · {t('people.self')}</small>}</b>
        <span>{person.login} · {t(`role.${person.role}`)}{person.disabled && ` · ${t('people.disabled')}`}</span>
        <span class="presence" data-present={person.sessions > 0}>
          {person.sessions === 0 ? t('people.absent') : t('people.browsers', { count: person.sessions })}
          {person.seen_at !== null && <small>{moment(person.seen_at)}</small>}
        </span>
      </button>
    </li>
  )
}
