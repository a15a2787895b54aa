import { useEffect } from 'preact/hooks'
import { local, t } from '../i18n'
import { askedIn } from '../state/calls'
import { live, shown, visible } from '../state/store'
import type { CustomerCard, Pop } from '../wire/messages.gen'
import { callerName } from './caller'
import { CallControl } from './CallControl'
import { CallFacts, CustomerFacts, LoadingFacts } from './Facts'
import { Cases } from './Cases'
import { Icon } from './Icon'
import { Needs } from './Needs'
import { PanelBody } from './Panel'
import { Timeline } from './Timeline'
import { Since } from './Timer'
import { Unmask } from './Unmask'

/** `whole`: also what may follow a frame later. */
export function CallerCard({ pop, whole }: { pop: Pop, whole: boolean }) {
  const customer = pop.customer
  useEffect(() => {
    if (live.value && visible.value && pop.pop_id !== '') shown(pop.pop_id)
  }, [pop.pop_id, live.value, visible.value])
  return (
    <section class="panel caller" data-phase={askedIn(pop)?.answered === true ? 'connected' : pop.phase} data-segment={customer?.segment ?? 'none'} data-testid="pop">
      <PhaseBar pop={pop} />
      {whole || pop.consultation !== null ? <CallControl pop={pop} /> : <div class="call-control" />}
      <div class="caller-head">
        <div class="avatar" aria-hidden="true">{avatarOf(pop)}</div>
        <div class="caller-who">
          <h1 data-testid="caller-name">
            {pop.brief === 'loading' ? <><span class="skeleton wide" /><span class="unseen">{t('pop.loading')}</span></> : callerName(pop)}
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
        {pop.brief === 'unknown' && pop.candidates.length === 0 && <p class="note">{t('pop.unknown_hint')}</p>}
        <CallFacts pop={pop} />
        {customer !== null && <Needs needs={customer.needs} />}
        {pop.brief === 'loading' && <LoadingFacts />}
        {customer !== null && <CustomerFacts customer={customer} />}
        {whole && <Unmask pop={pop} />}
        {whole && customer !== null && <Cases cases={customer.cases} />}
        {whole && <Timeline pop={pop} />}
      </PanelBody>
    </section>
  )
}

function PhaseBar({ pop }: { pop: Pop }) {
  return (
    <div class="phase-bar">
      <span class="phase-dot" />
      <span class="phase-name" data-testid="phase">{t(askedIn(pop) === null ? `pop.${pop.phase}` : 'pop.asked')}</span>
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

function avatarOf(pop: Pop): string {
  return pop.customer === null ? '?' : Array.from(pop.customer.name)[0] ?? '?'
}
