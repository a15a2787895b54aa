import './styles/tokens.css'
import './styles/base.css'
import './styles/desk.css'
import './styles/caller.css'
import './styles/advice.css'
import './styles/work.css'
import { render } from 'preact'
import { start } from './state/store'
import { App } from './ui/App'

const root = document.getElementById('app')
if (root !== null) render(<App />, root)
void start()
