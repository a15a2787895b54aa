import { named, t } from '../i18n'
import { desk } from '../state/store'
import { DueNotice } from './DueNotice'
import { Since } from './Timer'

export function QueueStrip() {
  const queues = desk.value.queues
  return (
    <footer class="queues" aria-label={t('queues.title')}>
      <span class="eyebrow">{t('queues.title')}</span>
      {queues.length === 0 && <span class="muted">{t('queues.none')}</span>}
      <ul tabIndex={0} aria-label={t('queues.title')}>
        {queues.map(line => (
          <li key={line.queue} class="queue" data-queue={line.queue} data-busy={line.waiting > 0}>
            <span class="queue-name">{named('queues', line.queue)}</span>
            <span class="figure"><b>{line.waiting}</b> {t('queues.waiting')}</span>
            {line.longest_since !== null && (
              <span class="figure">{t('queues.longest')} <b><Since at={line.longest_since} /></b></span>
            )}
            <span class="figure"><b>{line.available}</b> {t('queues.available')}</span>
          </li>
        ))}
      </ul>
      <DueNotice />
    </footer>
  )
}
