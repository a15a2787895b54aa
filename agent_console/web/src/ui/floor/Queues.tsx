import { useSignal } from '@preact/signals'
import { figure, moment, t } from '../../i18n'
import { legend, picture } from '../../state/board'
import { closeQueue, openQueue } from '../../state/floor'
import { live } from '../../state/store'
import { PanelBody } from '../Panel'
import { queueTitle, staff } from '../board/words'
import { Reason } from './Reason'

const OWN = 'hotline-own'

/** Every queue: whether it takes new callers, and the act that changes it. */
export function Queues() {
  const targets = legend.value.value?.targets ?? []
  const queues = targets.map(each => each.queue).filter(each => each !== OWN)
  return (
    <section class="panel floor-queues" aria-label={t('floor.queues')} data-testid="floor-queues">
      <header class="floor-head"><h2>{t('floor.queues')}</h2></header>
      <PanelBody label={t('floor.queues')}>
        <ul class="floor-list">{queues.map(each => <Queue key={each} queue={each} />)}</ul>
      </PanelBody>
    </section>
  )
}

function Queue({ queue }: { queue: string }) {
  const asking = useSignal(false)
  const row = picture.value?.queues.find(each => each.queue === queue)
  const closed = picture.value?.closed.find(each => each.queue === queue)
  const title = queueTitle(queue)
  const open = closed === undefined
  return (
    <li data-queue={queue} data-closed={!open}>
      <div class="floor-line">
        <strong>{title}</strong>
        <span class="floor-state" data-closed={!open}>{t(open ? 'floor.open' : 'floor.closed')}</span>
        {row !== undefined && <small>{t('floor.queue_now', { waiting: figure(row.waiting), free: figure(staff(row).free) })}</small>}
        {!asking.value && (
          <button type="button" class="button small" disabled={!live.value} aria-label={t(open ? 'floor.close_queue' : 'floor.open_queue', { queue: title })} onClick={() => { asking.value = true }}>
            {t(open ? 'floor.close' : 'floor.reopen')}
          </button>
        )}
      </div>
      {closed !== undefined && <small>{t('floor.closed_by', { name: closed.closed_by, time: moment(closed.closed_at), reason: closed.reason })}</small>}
      {asking.value && (
        <Reason
          question={t(open ? 'floor.sure_close' : 'floor.sure_open', { queue: title })} confirm={t(open ? 'floor.close' : 'floor.reopen')} reason={open}
          work={reason => open ? closeQueue(queue, reason) : openQueue(queue)} done={() => { asking.value = false }}
        />
      )}
    </li>
  )
}
