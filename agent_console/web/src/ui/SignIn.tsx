import { useSignal } from '@preact/signals'
import { errorWords, t } from '../i18n'
import { signIn } from '../state/store'
import { Icon } from './Icon'
import { LanguageButton, ThemeButton } from './Preferences'

export function SignIn() {
  const working = useSignal(false)
  const refused = useSignal<string | null>(null)

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    if (working.value) return
    const fields = new FormData(event.currentTarget as HTMLFormElement)
    working.value = true
    refused.value = await signIn(String(fields.get('login')).trim(), String(fields.get('password')))
    working.value = false
  }

  return (
    <main class="sign-in">
      <div class="sign-in-corner"><LanguageButton /><ThemeButton /></div>
      <form class="card sign-in-card" onSubmit={event => void submit(event)}>
        <div class="brand brand-large"><span class="brand-mark"><Icon name="headset" size={26} /></span></div>
        <div>
          <p class="eyebrow">{t('sign_in.lead')}</p>
          <h1>{t('sign_in.title')}</h1>
        </div>
        <label class="field">
          <span>{t('sign_in.login')}</span>
          <input name="login" autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus maxLength={64} />
        </label>
        <label class="field">
          <span>{t('sign_in.password')}</span>
          <input name="password" type="password" autocomplete="current-password" required maxLength={256} />
        </label>
        <p class="form-error" role="alert">{refused.value !== null && errorWords(refused.value)}</p>
        <button type="submit" class="button primary large" disabled={working.value}>
          {t(working.value ? 'sign_in.working' : 'sign_in.submit')}
        </button>
      </form>
    </main>
  )
}
