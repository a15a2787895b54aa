import { t } from '../i18n'
import { useScripts } from '../state/scripts'
import type { Pop } from '../wire/messages.gen'
import { Candidates } from './Candidates'
import { FindCustomer } from './FindCustomer'
import { Offers } from './Offers'
import { PanelBody } from './Panel'
import { Scores } from './Scores'
import { Services } from './Services'
import { TopicScripts } from './TopicScripts'

/** What may be proposed to the customer, and why. */
export function Advice({ pop, whole }: { pop: Pop | null, whole: boolean }) {
  return (
    <section class="panel advice">
      <PanelBody label={t('panel.advice')}>
        {pop !== null && <Candidates pop={pop} />}
        {pop?.brief === 'unknown' && <FindCustomer key={pop.call_id} pop={pop} />}
        {pop !== null && <Offers pop={pop} />}
        {whole && pop !== null && <Background key={pop.call_id} pop={pop} />}
      </PanelBody>
    </section>
  )
}

/** Below the offers; comes at once and in order, so that nothing is pushed down. */
function Background({ pop }: { pop: Pop }) {
  const scripts = useScripts(pop.reason)
  if (scripts === null) return null
  return (
    <>
      <TopicScripts scripts={scripts} />
      {pop.customer !== null && <Services services={pop.customer.services} />}
      <Scores pop={pop} />
    </>
  )
}
