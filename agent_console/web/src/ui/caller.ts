import { t } from '../i18n'
import type { Pop } from '../wire/messages.gen'

export function callerName(pop: Pop): string {
  if (pop.customer !== null) return pop.customer.name
  if (pop.brief === 'loading') return pop.number === '' ? t('pop.withheld') : pop.number
  return t('pop.unknown_caller')
}
