import { useEffect } from 'preact/hooks'
import { local, named, t } from '../i18n'
import { live, shown, visible } from '../state/store'
import { now } from '../state/time'
import type { CustomerCard, Pop } from '../wire/messages.gen'
import { callerName } from './caller'
import { Icon } from './Icon'
import { PanelBody } from './Panel'
import { Timeline } from './Timeline'
import { Since } from './Timer'

export function CallerCard({ pop }: { pop: Pop }) {
  const customer = pop.customer
  useEffect(() => {
    if (live.value && visible.value && pop.pop_id !== '') shown(pop.pop_id)
  }, [pop.pop_id, live.value, visible.value])
  return (
    <section class="panel caller" data-phase={pop.phase} data-segment={customer?.segment ?? 'none'} data-testid="pop">
      <PhaseBar pop={pop} />
      <div class="caller-head">
        <div class="avatar" aria-hidden="true">{avatarOf(pop)}</div>
        <div class="caller-who">
          <h1 data-testid="caller-name">
            {pop.brief === 'loading' ? <span class="skeleton wide" /> : callerName(pop)}
          </h1>
          <p class="caller-line">
            <span class="number" data-testid="caller-number">
              {customer?.phone ?? (pop.number === '' ? t('pop.withheld') : pop.number)}
            </span>
            <span class="chip">{t('pop.speaks')} · {t(`speaks.${pop.language}`)}</span>
          </p>
        </div>
        <Segment pop={pop} />
      </div>
      <div class="warnings">
        <Verified level={pop.verified} />
        {customer !== null && <Flags flags={customer.flags} />}
      </div>
      <PanelBody label={t('panel.caller')}>
        {pop.brief === 'unknown' && <p class="note">{t('pop.unknown_hint')}</p>}
        <CallFacts pop={pop} />
        {pop.brief === 'loading' && <LoadingFacts />}
        {customer !== null && <CustomerFacts customer={customer} />}
        <Timeline pop={pop} />
      </PanelBody>
    </section>
  )
}

function PhaseBar({ pop }: { pop: Pop }) {
  return (
    <div class="phase-bar">
      <span class="phase-dot" />
      <span class="phase-name">{t(`pop.${pop.phase}`)}</span>
      <Since at={pop.connected_at ?? pop.raised_at} until={pop.ended_at} />
    </div>
  )
}

function Segment({ pop }: { pop: Pop }) {
  if (pop.brief === 'loading') return <div class="segment"><span class="skeleton badge-skeleton" /></div>
  if (pop.customer === null) return null
  return (
    <div class="segment">
      <span class="badge" data-testid="segment">{t(`segment.${pop.customer.segment}`)}</span>
      <span class="segment-reason">{local(pop.customer.segment_reason)}</span>
    </div>
  )
}

function Flags({ flags }: { flags: CustomerCard['flags'] }) {
  if (flags.length === 0) return null
  return (
    <ul class="flags" data-testid="flags">
      {flags.map(flag => (
        <li key={flag} data-flag={flag}><Icon name="alert" size={18} />{t(`flag.${flag}`)}</li>
      ))}
    </ul>
  )
}

function Verified({ level }: { level: Pop['verified'] }) {
  return (
    <div class="verified" data-level={level} data-testid="verified">
      <Icon name={level === 'pin' ? 'check' : 'shield'} />
      <b>{t(`verified.${level}`)}</b>
      <span>{t(`verified.${level}.words`)}</span>
    </div>
  )
}

function CallFacts({ pop }: { pop: Pop }) {
  const waitedUntil = pop.connected_at ?? pop.ended_at
  return (
    <dl class="facts call-facts">
      <div class="fact wide-fact">
        {pop.callback && <dd class="reason" data-testid="callback">{t('fact.callback')}</dd>}
        <dt>{t('fact.reason')}</dt>
        <dd class="reason" data-testid="reason">{pop.reason === '' ? t('fact.reason_none') : named('reasons', pop.reason)}</dd>
        {pop.menu_path.length > 0 && (
          <ol class="crumbs" aria-label={t('fact.path')}>
            {pop.menu_path.map((node, at) => <li key={at}>{named('nodes', node)}</li>)}
          </ol>
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

function CustomerFacts({ customer }: { customer: CustomerCard }) {
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
      <div class="fact products-fact">
        <dt>{t('fact.products')}</dt>
        <dd>
          {customer.products.length === 0 && t('fact.none')}
          {customer.products.map(product => <span class="chip" key={product.en}>{local(product)}</span>)}
        </dd>
      </div>
    </dl>
  )
}

function LoadingFacts() {
  return (
    <div class="facts customer-facts" role="status" aria-label={t('pop.loading')} data-testid="loading">
      {[0, 1, 2, 3].map(at => (
        <div class="fact" key={at}><span class="skeleton short" /><span class="skeleton" /></div>
      ))}
    </div>
  )
}

function avatarOf(pop: Pop): string {
  return pop.customer === null ? '?' : Array.from(pop.customer.name)[0] ?? '?'
}
