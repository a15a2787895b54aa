import { figure, local, t } from '../i18n'
import { asking, exported, exportFound, stale } from '../state/groups'
import { live } from '../state/store'
import type { CustomerGroup, GroupFields } from '../wire/messages.gen'
import { Icon } from './Icon'

const SEGMENTS = ['diamond', 'gold', 'silver', 'standard'] as const

export function GroupResult({ group, known }: { group: CustomerGroup, known: GroupFields | null }) {
  return (
    <div class="group-result" data-testid="group-result" data-stale={stale.value}>
      <dl class="figures">
        <div class="figure-tile"><dt>{t('groups.size')}</dt><dd data-testid="group-size">{figure(group.size)}</dd></div>
        <div class="figure-tile wide">
          <dt>{t('groups.value_sum')}</dt>
          <dd>{figure(group.expected_value)}<small>{t('groups.value_each', { value: figure(group.expected_value / group.size) })}</small></dd>
        </div>
      </dl>
      <h2>{t('groups.segments')}</h2>
      <ul class="bars">
        {SEGMENTS.filter(each => group.segments[each] !== undefined).map(each => {
          const count = group.segments[each] ?? 0
          return (
            <li key={each} data-segment={each}>
              <span class="bar-name">{t(`segment.${each}`)}</span>
              <progress max={group.size} value={count} aria-label={t(`segment.${each}`)} />
              <span class="bar-count">{figure(count)} <small>{figure(100 * count / group.size, 1)}%</small></span>
            </li>
          )
        })}
      </ul>
      <h2>{t('groups.means')}</h2>
      <dl class="means">
        {Object.entries(group.means).map(([name, mean]) => {
          const field = known?.numbers.find(each => each.code === name)
          return <div key={name}><dt>{field === undefined ? name : local(field.text)}</dt><dd>{shown(name, mean)}</dd></div>
        })}
      </dl>
      <div class="group-export">
        <button type="button" class="button" data-testid="group-export" disabled={asking.value || stale.value || !live.value} onClick={() => void exportFound()}>
          <Icon name="download" size={16} />{t('groups.export')}
        </button>
        <p class="muted" role="status">{exported.value === null ? t('groups.export_hint') : t('groups.exported', { count: figure(exported.value) })}</p>
      </div>
    </div>
  )
}

/** A year has no thousands; big numbers need no cents. */
function shown(name: string, mean: number): string {
  if (name === 'birth_year') return String(Math.round(mean))
  return figure(mean, Math.abs(mean) >= 1000 ? 0 : 2)
}
