import { local, named, t } from '../i18n'
import { catalogue } from '../state/store'
import { now } from '../state/time'
import type { CustomerCard, Pop } from '../wire/messages.gen'
import { Since } from './Timer'

/** The steps of the menu that have words; the others tell an agent nothing. */
function pathWords(path: readonly string[]): string[] {
  const words = path.flatMap(node => catalogue.value.nodes[node] ?? []).map(local)
  return words.filter((each, at) => each !== words[at - 1])
}

/** Why the call came, and how. */
export function CallFacts({ pop }: { pop: Pop }) {
  const path = pathWords(pop.menu_path)
  const waitedUntil = pop.connected_at ?? pop.ended_at
  return (
    <dl class="facts call-facts">
      <div class="fact wide-fact">
        <dt>{t('fact.reason')}</dt>
        {pop.callback && <dd class="reason" data-testid="callback">{t('fact.callback')}</dd>}
        <dd class="reason" data-testid="reason">{pop.reason === '' ? t('fact.reason_none') : named('reasons', pop.reason)}</dd>
        {path.length > 0 && (
          <dd>
            <ol class="crumbs" aria-label={t('fact.path')}>
              {path.map((words, at) => <li key={at}>{words}</li>)}
            </ol>
          </dd>
        )}
      </div>
      <div class="fact">
        <dt>{t('fact.queue')}</dt>
        <dd>{named('queues', pop.queue)}</dd>
      </div>
      <div class="fact">
        <dt>{t('fact.waited')}</dt>
        <dd><Since at={pop.queued_at} until={waitedUntil} /></dd>
      </div>
      {pop.route.length > 0 && (
        <div class="fact wide-fact">
          <dt>{t('fact.route')}</dt>
          <dd data-testid="route">{pop.route.map(local).join(' · ')}</dd>
        </div>
      )}
    </dl>
  )
}

export function CustomerFacts({ customer }: { customer: CustomerCard }) {
  const years = Math.floor((now.value - Date.parse(customer.customer_since) / 1000) / 31_556_952)
  return (
    <dl class="facts customer-facts">
      <div class="fact">
        <dt>{t('fact.balance')}</dt>
        <dd data-testid="balance">{local(customer.balance_band)}</dd>
      </div>
      <div class="fact">
        <dt>{t('fact.since')}</dt>
        <dd>{customer.customer_since}{years > 0 && <small> {t('years', { years })}</small>}</dd>
      </div>
      <div class="fact">
        <dt>{t('fact.manager')}</dt>
        <dd>{customer.relationship_manager ?? t('fact.none')}</dd>
      </div>
      <Satisfaction customer={customer} />
      <div class="fact products-fact wide-fact">
        <dt>{t('fact.products')}</dt>
        <dd>
          {customer.products.length === 0 && t('fact.none')}
          {customer.products.map(product => <span class="chip" key={product.en}>{local(product)}</span>)}
        </dd>
      </div>
    </dl>
  )
}

function Satisfaction({ customer }: { customer: CustomerCard }) {
  const said = customer.satisfaction
  return (
    <div class="fact" data-testid="satisfaction">
      <dt>{t('fact.satisfaction')}</dt>
      <dd>
        {said === null
          ? t('fact.none')
          : <>{t('satisfaction.mean', { mean: said.mean.toFixed(1) })} <small>{t('satisfaction.count', { count: said.count })}</small></>}
      </dd>
    </div>
  )
}

export function LoadingFacts() {
  return (
    <div class="facts customer-facts" role="status" aria-label={t('pop.loading')} data-testid="loading">
      {[0, 1, 2, 3].map(at => (
        <div class="fact" key={at}><span class="skeleton short" /><span class="skeleton" /></div>
      ))}
    </div>
  )
}
