import { pauseReason, t } from '../i18n'
import { helpOpen } from '../state/shortcuts'
import { lookAt } from '../state/people'
import { show, view } from '../state/view'
import { desk, line, me, signOut } from '../state/store'
import { Icon } from './Icon'
import { LanguageButton, ThemeButton } from './Preferences'
import { Nav } from './Nav'
import { StateButtons } from './StateButtons'
import { Since } from './Timer'

export function Header() {
  const person = me.value
  return (
    <header class="top">
      <div class="brand">
        <span class="brand-mark"><Icon name="headset" /></span>
        <span class="brand-name">{t('app.title')}</span>
      </div>
      {person?.agent_id != null && (
        <div class="own-state">
          <StateSign />
          <StateButtons />
        </div>
      )}
      <Nav />
      <div class="top-right">
        <LineSign />
        <LanguageButton />
        <ThemeButton />
        <button type="button" class="icon-button" aria-label={t('help.open')} title={t('help.open')} aria-haspopup="dialog" data-testid="help-open" onClick={() => { helpOpen.value = true }}>
          <Icon name="keyboard" />
        </button>
        <button type="button" class="person" data-testid="own-sessions" title={t('people.own')} aria-current={view.value === 'people' ? 'page' : undefined} onClick={showOwn}>
          <span class="person-name">{person?.display_name}</span>
          <span class="person-id">{person?.agent_id ?? person?.login}</span>
        </button>
        <button type="button" class="icon-button" aria-label={t('sign_out')} title={t('sign_out')} data-testid="sign-out" onClick={() => void signOut()}>
          <Icon name="exit" />
        </button>
      </div>
    </header>
  )
}

function showOwn(): void {
  if (me.value !== null) lookAt(me.value.login)
  show('people')
}

function StateSign() {
  const { state, since, reason } = desk.value.status
  return (
    <div class="state-sign" data-state={state} data-testid="state">
      <span class="state-dot" />
      <span class="state-name" role="status">
        {t(`state.${state}`)}
        {reason !== '' && <span class="state-reason"> · {pauseReason(reason)}</span>}
      </span>
      <span class="state-clock" role="timer">{since > 0 && <Since at={since} />}</span>
    </div>
  )
}

function LineSign() {
  const state = line.value
  const words = t(`line.${state}`)
  return (
    <div class="line-sign" data-line={state} data-testid="line" role="status" title={words}>
      <span class="line-dot" />
      <span class="line-words">{words}</span>
    </div>
  )
}
