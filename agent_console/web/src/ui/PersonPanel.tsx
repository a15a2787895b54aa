import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { moment, t } from '../i18n'
import { device, editors, endSessions, mayEnd, person, sessions, setDepartments, whose } from '../state/people'
import { live, me } from '../state/store'
import type { SessionLine } from '../wire/messages.gen'
import { Failure, Nothing, Reading } from './Empty'
import { Icon } from './Icon'
import { PanelBody } from './Panel'
import { Sure } from './Sure'

/** The browsers of one person, each of which can be signed out, and for administrators where they may write. */
export function PersonPanel() {
  const login = whose.value
  const own = login === me.value?.login
  const lines = sessions.value.value
  const others = (lines ?? []).filter(each => !each.current)
  const name = person.value?.display_name ?? me.value?.display_name ?? login
  return (
    <section class="panel" aria-label={name} data-testid="person">
      <header class="panel-head panel-head-row">
        <h2>{own ? t('people.own') : t('people.browsers_of', { name })}</h2>
        {mayEnd.value && others.length > 1 && (
          <Sure key={login} words={t(own ? 'people.end_others' : 'people.end_all')} sure={t('people.end_sure')} run={() => void endSessions(others.map(each => each.session_id))} testid="end-all" disabled={!live.value} />
        )}
      </header>
      <PanelBody label={t('people.browsers_of', { name })}>
        {lines === null && (sessions.problem.value === null ? <Reading /> : <Failure resource={sessions} />)}
        {lines?.length === 0 && <Nothing icon="person" title={t('people.absent')} />}
        <ul class="sessions" data-testid="sessions">{(lines ?? []).map(each => <Session key={each.session_id} line={each} />)}</ul>
        {!mayEnd.value && person.value !== null && <p class="muted padded">{t(me.value?.role === 'leader' ? 'people.only_supervisors' : 'people.only_admins')}</p>}
        {me.value?.role === 'admin' && person.value !== null && <Writes login={login} everywhere={person.value.role === 'admin'} />}
      </PanelBody>
    </section>
  )
}

function Session({ line }: { line: SessionLine }) {
  return (
    <li data-current={line.current}>
      <Icon name="web" />
      <span class="session-words">
        <b title={line.user_agent}>{device(line.user_agent) || t('people.unknown_browser')}</b>
        <small>{line.address} · {t('people.since', { at: moment(line.created_at) })} · {t('people.seen', { at: moment(line.seen_at) })}</small>
      </span>
      {line.current && <span class="chip">{t('people.this_one')}</span>}
      {!line.current && mayEnd.value && (
        <Sure words={t('people.end')} sure={t('people.end_sure')} run={() => void endSessions([line.session_id])} testid="end-session" disabled={!live.value} />
      )}
    </li>
  )
}

function Writes({ login, everywhere }: { login: string, everywhere: boolean }) {
  const added = useSignal('')
  useEffect(() => {
    if (live.value) void editors.refresh()
  }, [live.value])
  const all = editors.value.value
  const theirs = (all ?? []).filter(each => each.login === login).map(each => each.department)
  const others = [...new Set((all ?? []).map(each => each.department))].filter(each => !theirs.includes(each))

  function add(event: SubmitEvent): void {
    event.preventDefault()
    const department = added.value
    added.value = ''
    void setDepartments(login, [...theirs, department])
  }

  return (
    <section class="block" data-testid="writes">
      <h2>{t('people.writes')}</h2>
      {everywhere
        ? <p class="muted">{t('people.writes_all')}</p>
        : (
          <>
            {theirs.length === 0 && <p class="muted">{t('people.writes_none')}</p>}
            <ul class="departments">
              {theirs.map(each => (
                <li key={each}>
                  <span class="chip">{each}</span>
                  <button type="button" class="icon-button" aria-label={t('people.writes_remove', { department: each })} disabled={!live.value} onClick={() => void setDepartments(login, theirs.filter(one => one !== each))}>
                    <Icon name="close" size={14} />
                  </button>
                </li>
              ))}
            </ul>
            <form class="find-form" onSubmit={add}>
              <input class="line-field" name="department" list="known-departments" aria-label={t('people.writes_add')} placeholder={t('people.writes_add')} required pattern="[a-z][a-z0-9_\-]{0,31}" title={t('knowledge.department_hint')} autocomplete="off" spellcheck={false} value={added.value} onInput={event => { added.value = event.currentTarget.value }} />
              <datalist id="known-departments">{others.map(each => <option key={each} value={each} />)}</datalist>
              <button type="submit" class="button small" disabled={!live.value}><Icon name="plus" size={14} />{t('people.add')}</button>
            </form>
          </>
        )}
    </section>
  )
}
