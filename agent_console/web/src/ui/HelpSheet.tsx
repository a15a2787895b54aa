import { useLayoutEffect, useRef } from 'preact/hooks'
import { t } from '../i18n'
import { leads } from '../state/board'
import { planner } from '../state/groups'
import { likes, setNotify } from '../state/preferences'
import { mayWrite } from '../state/writing'
import { helpOpen, keysOn, setKeysOn, type ShortcutGroup, SHORTCUTS } from '../state/shortcuts'
import { Icon } from './Icon'

const GROUPS: readonly ShortcutGroup[] = ['everywhere', 'call', 'offers']

/** The keys, and what the person may set about them. */
export function HelpSheet() {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    if (helpOpen.value) dialog.current?.showModal()
    else dialog.current?.close()
  }, [helpOpen.value])
  return (
    <dialog
      ref={dialog}
      class="help"
      data-testid="help"
      aria-labelledby="help-title"
      onClose={() => { helpOpen.value = false }}
      onClick={event => { if (event.target === dialog.current) helpOpen.value = false }}
    >
      {helpOpen.value && <Sheet />}
    </dialog>
  )
}

function Sheet() {
  const denied = 'Notification' in window && Notification.permission === 'denied'
  return (
    <div class="help-sheet">
      <header class="help-head">
        <h2 id="help-title">{t('help.title')}</h2>
        <button type="button" class="icon-button" aria-label={t('help.close')} onClick={() => { helpOpen.value = false }}>
          <Icon name="close" size={18} />
        </button>
      </header>
      <div class="help-groups">{GROUPS.map(group => <Group key={group} group={group} />)}</div>
      <footer class="help-settings">
        <label><input type="checkbox" checked={keysOn.value} onChange={event => setKeysOn(event.currentTarget.checked)} />{t('help.keys_on')}</label>
        <label>
          <input type="checkbox" checked={likes.value.notify} disabled={denied} onChange={event => void setNotify(event.currentTarget.checked)} />
          {t('help.notify')}{denied && <small>{t('help.notify_denied')}</small>}
        </label>
      </footer>
    </div>
  )
}

function Group({ group }: { group: ShortcutGroup }) {
  const shown = SHORTCUTS.filter(each => each.group === group && (each.name !== 'groups' || planner.value)
    && (each.name !== 'board' || leads.value)
    && (!each.name.startsWith('article') || mayWrite.value))
  return (
    <section>
      <h3>{t(`help.${group}`)}</h3>
      <dl>
        {group === 'offers' && <div><dt><kbd>1</kbd>–<kbd>9</kbd></dt><dd>{t('key.offer')}</dd></div>}
        {shown.map(each => <div key={each.name}><dt><kbd>{each.key.toUpperCase()}</kbd></dt><dd>{t(`key.${each.name}`)}</dd></div>)}
        {group === 'everywhere' && <div><dt><kbd>Esc</kbd></dt><dd>{t('key.leave')}</dd></div>}
      </dl>
    </section>
  )
}
