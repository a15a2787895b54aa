import { t } from '../i18n'
import { desk } from '../state/store'
import { Icon } from './Icon'

/** Says that a supervisor is in the agent's call, where the bank wants agents to know. */
export function Monitored() {
  const mode = desk.value.monitored?.mode ?? null
  return (
    <div class="monitored-sign" role="status" data-testid="monitored">
      {mode !== null && <p data-mode={mode}><Icon name="headset" size={16} />{t(`monitored.${mode}`)}</p>}
    </div>
  )
}
