import { local, t } from '../i18n'
import { read } from '../state/knowledge'
import { show } from '../state/view'
import type { TopicScript } from '../wire/messages.gen'
import { Icon } from './Icon'

/** What the knowledge base says for the call's topic; nothing where it has nothing. */
export function TopicScripts({ scripts }: { scripts: readonly TopicScript[] }) {
  if (scripts.length === 0) return null
  return (
    <section class="block">
      <h2>{t('knowledge.scripts')}</h2>
      <ul class="topic-scripts" data-testid="topic-scripts">
        {scripts.map(each => (
          <li key={each.article_id}>
            <button type="button" class="button quiet small" onClick={() => { read(each.article_id); show('knowledge') }}>
              <Icon name="bulb" size={14} />{local(each.title)}
            </button>
            <p>{local(each.script)}</p>
          </li>
        ))}
      </ul>
    </section>
  )
}
