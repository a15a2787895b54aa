import { useSignal } from '@preact/signals'
import { figure, pauseReason, t, type Key } from '../../i18n'
import { lookBehind, orders } from '../../state/board'
import type { AgentRow, BoardPicture } from '../../wire/messages.gen'
import { Nothing } from '../Empty'
import { PanelBody } from '../Panel'
import { Since } from '../Timer'
import { AgentOrders } from './AgentOrders'
import { MonitorAgent } from './Monitor'
import { agentName, percent, queueTitle, seconds } from './words'

const STATES: readonly AgentRow['state'][] = ['available', 'ringing', 'on_call', 'on_hold', 'wrap_up', 'paused', 'logged_out']
type Order = 'state' | 'name' | 'since' | 'answered' | 'aht' | 'occupancy'

const COMPARE: Readonly<Record<Order, (a: AgentRow, b: AgentRow) => number>> = {
  state: (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || a.since - b.since,
  name: (a, b) => agentName(a.agent_id).localeCompare(agentName(b.agent_id)),
  since: (a, b) => a.since - b.since,
  answered: (a, b) => b.today.answered - a.today.answered,
  aht: (a, b) => (b.today.aht ?? -1) - (a.today.aht ?? -1),
  occupancy: (a, b) => (b.today.occupancy ?? -1) - (a.today.occupancy ?? -1),
}
const COLUMNS: readonly [Order, Key][] = [
  ['name', 'board.agent'], ['state', 'board.state'], ['since', 'board.since'],
  ['answered', 'board.answered'], ['aht', 'board.aht'], ['occupancy', 'board.occupancy'],
]

/** Everybody who is signed in, or was today. */
export function AgentTable({ board }: { board: BoardPicture }) {
  const order = useSignal<Order>('state')
  const wanted = useSignal('')
  const text = wanted.value.trim().toLowerCase()
  const rows = board.agents
    .filter(each => text === '' || `${agentName(each.agent_id)} ${each.agent_id}`.toLowerCase().includes(text))
    .sort(COMPARE[order.value])
  return (
    <section class="panel board-agents" aria-label={t('board.agents')}>
      <header class="board-agents-head">
        <h2>{t('board.agents')} <small>{figure(rows.length)}</small></h2>
        <input
          class="line-field" type="search" placeholder={t('board.find_agent')} aria-label={t('board.find_agent')}
          value={wanted.value} onInput={event => { wanted.value = event.currentTarget.value }}
        />
      </header>
      <PanelBody label={t('board.agents')}>
        {rows.length === 0 ? <Nothing icon="person" title={t('board.no_agents')} /> : (
          <table class="grid" data-testid="board-agents">
            <thead>
              <tr>
                {COLUMNS.map(([name, key]) => (
                  <th key={name} scope="col" aria-sort={order.value === name ? 'ascending' : undefined}>
                    <button type="button" class="plain" onClick={() => { order.value = name }}>{t(key)}</button>
                  </th>
                ))}
                {orders.value && <th scope="col"><span class="unseen">{t('board.orders')}</span></th>}
              </tr>
            </thead>
            <tbody>{rows.map(row => <Line key={row.agent_id} row={row} />)}</tbody>
          </table>
        )}
      </PanelBody>
    </section>
  )
}

function Line({ row }: { row: AgentRow }) {
  const doing = row.state === 'paused' && row.reason !== '' ? pauseReason(row.reason) : row.queue === null ? '' : queueTitle(row.queue)
  return (
    <tr data-agent={row.agent_id} data-state={row.state}>
      <th scope="row">
        <button type="button" class="plain" onClick={() => lookBehind({ agent: row.agent_id })}>{agentName(row.agent_id)}</button>
        <small> {row.agent_id}</small>
      </th>
      <td><span class="state-chip" data-state={row.state}>{t(`state.${row.state}`)}</span>{doing !== '' && <small> {doing}</small>}<MonitorAgent row={row} /></td>
      <td>{row.state === 'logged_out' ? t('board.none') : <Since at={row.since} />}</td>
      <td>{figure(row.today.answered)}{row.today.missed > 0 && <small> {t('board.missed', { count: row.today.missed })}</small>}</td>
      <td>{seconds(row.today.aht)}</td>
      <td>{percent(row.today.occupancy)}</td>
      {orders.value && <td><AgentOrders row={row} /></td>}
    </tr>
  )
}
