import { t } from '../i18n'
import { language, setLanguage, theme, toggleTheme } from '../state/store'
import { Icon } from './Icon'

export function LanguageButton() {
  return (
    <button
      type="button"
      class="button quiet"
      title={t('language.label')}
      data-testid="language"
      onClick={() => setLanguage(language.value === 'zh' ? 'en' : 'zh')}
    >
      <Icon name="globe" size={18} />
      <span lang={language.value === 'zh' ? 'en' : 'zh-CN'}>{t('language.other')}</span>
    </button>
  )
}

export function ThemeButton() {
  const dark = theme.value === 'dark'
  const label = t(dark ? 'theme.light' : 'theme.dark')
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} data-testid="theme" onClick={toggleTheme}>
      <Icon name={dark ? 'sun' : 'moon'} />
    </button>
  )
}
