import { errorWords, t } from '../i18n'
import type { Resource } from '../state/resource'
import { Icon, type IconName } from './Icon'

/** Says that there is nothing, and what would change that. */
export function Nothing({ icon, title, hint }: { icon: IconName, title: string, hint?: string }) {
  return (
    <div class="nothing">
      <Icon name={icon} size={26} />
      <p>{title}</p>
      {hint !== undefined && <p class="muted">{hint}</p>}
    </div>
  )
}

/** Says that something could not be read, and offers to try again. */
export function Failure({ resource }: { resource: Resource<unknown> }) {
  const problem = resource.problem.value
  return (
    <div class="nothing failure" role="alert">
      <Icon name="alert" size={26} />
      <p>{t('data.failed')}</p>
      {problem !== null && <p class="muted">{errorWords(problem)}</p>}
      <button type="button" class="button small" onClick={() => void resource.refresh()}>{t('data.retry')}</button>
    </div>
  )
}

export function Reading() {
  return (
    <div class="lines padded" role="status" aria-label={t('data.loading')}>
      <span class="skeleton" /><span class="skeleton" /><span class="skeleton" />
    </div>
  )
}
