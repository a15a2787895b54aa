import { local, t } from '../i18n'
import type { Text } from '../state/types'
import { Icon } from './Icon'

/** What the customer's segment is entitled to. */
export function Services({ services }: { services: readonly Text[] }) {
  if (services.length === 0) return null
  return (
    <section class="block">
      <h2>{t('services.title')}</h2>
      <ul class="services" data-testid="services">
        {services.map(service => (
          <li key={service.en}><Icon name="gift" size={16} />{local(service)}</li>
        ))}
      </ul>
    </section>
  )
}
