import { day, local, t } from '../i18n'
import { now } from '../state/time'
import type { OpenCase } from '../wire/messages.gen'

/** What the bank has yet to do for the customer. */
export function Cases({ cases }: { cases: readonly OpenCase[] }) {
  if (cases.length === 0) return null
  return (
    <section class="block">
      <h2>{t('cases.title')} <span class="count">{cases.length}</span></h2>
      <ul class="cases" data-testid="cases">
        {cases.map(each => <Case key={each.case_id} each={each} />)}
      </ul>
    </section>
  )
}

function Case({ each }: { each: OpenCase }) {
  const at = now.peek()
  const late = each.due_at !== null && each.due_at < at
  return (
    <li data-kind={each.kind}>
      <span class="case-kind">{t(`case.${each.kind}`)}</span>
      <span class="case-subject">{local(each.subject)}</span>
      <span class="case-due" data-late={late}>
        {t(`case.${each.status}`)} · {each.due_at === null
          ? t('cases.since', { day: day(each.opened_at, at) })
          : t(late ? 'cases.overdue' : 'cases.due', { day: day(each.due_at, at) })}
      </span>
    </li>
  )
}
