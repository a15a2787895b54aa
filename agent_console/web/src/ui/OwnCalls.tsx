import { local, moment, named, t } from '../i18n'
import { ownCalls } from '../state/day'
import { useFresh } from '../state/resource'
import { catalogue } from '../state/store'
import { clockFace } from '../state/time'
import type { OwnCall } from '../wire/messages.gen'
import { Failure, Nothing, Reading } from './Empty'
import { PanelBody } from './Panel'

const FRESH_MS = 60_000

/** The person's own calls, the newest first, with what was noted. */
export function OwnCalls() {
  useFresh(ownCalls, FRESH_MS)
  const calls = ownCalls.value.value
  return (
    <section class="panel day-calls">
      <h2 class="panel-title">{t('calls.title')}</h2>
      <PanelBody label={t('calls.title')}>
        {calls === null && (ownCalls.problem.value === null ? <Reading /> : <Failure resource={ownCalls} />)}
        {calls?.length === 0 && <Nothing icon="phone" title={t('calls.none')} hint={t('calls.none_hint')} />}
        {calls !== null && calls.length > 0 && <Table calls={calls} />}
      </PanelBody>
    </section>
  )
}

function Table({ calls }: { calls: readonly OwnCall[] }) {
  return (
    <table class="calls" data-testid="own-calls">
      <thead>
        <tr>
          <th scope="col">{t('calls.time')}</th>
          <th scope="col">{t('calls.caller')}</th>
          <th scope="col">{t('calls.length')}</th>
          <th scope="col">{t('calls.outcome')}</th>
          <th scope="col">{t('calls.note')}</th>
        </tr>
      </thead>
      <tbody>{calls.map(call => <Row key={call.call_id} call={call} />)}</tbody>
    </table>
  )
}

function Row({ call }: { call: OwnCall }) {
  const outcome = catalogue.value.dispositions.find(each => each.code === call.disposition)
  return (
    <tr>
      <td class="when">{moment(call.connected_at)}</td>
      <td>
        <b>{call.caller === '' ? t('calls.unknown') : call.caller}</b>
        <small>{call.number === '' ? t('pop.withheld') : call.number} · {named('queues', call.queue)}</small>
      </td>
      <td class="clock">{call.ended_at === null ? t('calls.talking') : clockFace(call.ended_at - call.connected_at)}</td>
      <td data-missing={call.disposition === ''}>
        {call.disposition === '' ? t('calls.no_outcome') : outcome === undefined ? call.disposition : local(outcome.text)}
      </td>
      <td class="note-cell">{call.note}</td>
    </tr>
  )
}
