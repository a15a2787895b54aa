import { local, t } from '../i18n'
import type { ProbableNeed } from '../wire/messages.gen'
import { Icon } from './Icon'

const MOST = 3

/** What the customer probably calls about, the likeliest first, with the reason. */
export function Needs({ needs }: { needs: readonly ProbableNeed[] }) {
  if (needs.length === 0) return null
  return (
    <section class="block">
      <h2>{t('needs.title')}</h2>
      <ul class="needs" data-testid="needs">
        {needs.slice(0, MOST).map(need => (
          <li key={need.need + need.reason.en}>
            <Icon name="bulb" size={16} />
            <span><b>{local(need.title)}</b> <small>{local(need.reason)}</small></span>
          </li>
        ))}
      </ul>
    </section>
  )
}
