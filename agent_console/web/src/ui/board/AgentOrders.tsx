import { local, t } from '../../i18n'
import { catalogue, live, orderState, orderWrapUpEnd } from '../../state/store'
import type { AgentRow } from '../../wire/messages.gen'

/** What a supervisor may tell somebody to do; the engine's answer comes with the next picture. */
export function AgentOrders({ row }: { row: AgentRow }) {
  const give = (chosen: string) => {
    const [what, reason] = chosen.split(':', 2)
    if (what === 'available') void orderState(row.agent_id, 'available')
    if (what === 'paused') void orderState(row.agent_id, 'paused', reason ?? '')
    if (what === 'wrap_up') void orderWrapUpEnd(row.agent_id)
    if (what === 'logged_out' && window.confirm(t('board.sure_sign_out'))) void orderState(row.agent_id, 'logged_out')
  }
  return (
    <select
      class="order" aria-label={t('board.order_to', { name: row.agent_id })} disabled={!live.value} value=""
      data-testid={`order-${row.agent_id}`}
      onChange={event => {
        give(event.currentTarget.value)
        event.currentTarget.value = ''
      }}
    >
      <option value="">{t('board.orders')}</option>
      {row.state === 'wrap_up' && <option value="wrap_up">{t('board.order_wrap_up')}</option>}
      {row.state !== 'available' && <option value="available">{t('board.order_available')}</option>}
      {row.state !== 'logged_out' && catalogue.value.pause_reasons.map(each => (
        <option key={each.code} value={`paused:${each.code}`}>{t('board.order_pause', { reason: local(each.text) })}</option>
      ))}
      {row.state !== 'logged_out' && <option value="logged_out">{t('board.order_sign_out')}</option>}
    </select>
  )
}
