import { t } from '../i18n'
import type { Pop } from '../wire/messages.gen'
import { Candidates } from './Candidates'
import { FindCustomer } from './FindCustomer'
import { Offers } from './Offers'
import { PanelBody } from './Panel'
import { Scores } from './Scores'
import { Services } from './Services'
import { TopicScripts } from './TopicScripts'

/** What may be proposed to the customer, and why. */
export function Advice({ pop }: { pop: Pop | null }) {
  return (
    <section class="panel advice">
      <PanelBody label={t('panel.advice')}>
        {pop !== null && <Candidates pop={pop} />}
        {pop?.brief === 'unknown' && <FindCustomer key={pop.call_id} pop={pop} />}
        {pop !== null && <Offers pop={pop} />}
        {pop !== null && <TopicScripts topic={pop.reason} />}
        {pop?.customer != null && <Services services={pop.customer.services} />}
        {pop !== null && <Scores pop={pop} />}
      </PanelBody>
    </section>
  )
}
