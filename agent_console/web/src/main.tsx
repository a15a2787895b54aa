import './styles/tokens.css'
import './styles/base.css'
import './styles/desk.css'
import './styles/caller.css'
import './styles/advice.css'
import './styles/work.css'
import './styles/pages.css'
import './styles/groups.css'
import './styles/help.css'
import './styles/knowledge.css'
import './styles/people.css'
import './styles/board.css'
import './styles/monitor.css'
import './styles/floor.css'
import './styles/plots.css'
import { render } from 'preact'
import { followSession } from './state/session'
import { start } from './state/store'
import { App } from './ui/App'

const root = document.getElementById('app')
if (root !== null) render(<App />, root)
followSession()
void start()
