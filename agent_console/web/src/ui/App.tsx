import { useEffect } from 'preact/hooks'
import { errorWords, t } from '../i18n'
import { planner } from '../state/groups'
import { leads, orders } from '../state/board'
import { phase, problem } from '../state/store'
import { view } from '../state/view'
import { wall } from '../state/wall'
import { BoardView } from './board/BoardView'
import { FloorView } from './floor/FloorView'
import { WallView } from './board/WallView'
import { DayView } from './DayView'
import { DeskView } from './DeskView'
import { GroupsView } from './GroupsView'
import { Header } from './Header'
import { HelpSheet } from './HelpSheet'
import { Icon } from './Icon'
import { KnowledgeView } from './KnowledgeView'
import { PeopleView } from './PeopleView'
import { PlotsView } from './plots/PlotsView'
import { ReportsView } from './reports/ReportsView'
import { Announcer } from './Announcer'
import { QueueStrip } from './QueueStrip'
import { TargetDialog } from './TargetDialog'
import { SignIn } from './SignIn'

export function App() {
  const title = t('app.title')
  useEffect(() => {
    document.title = title
  }, [title])
  if (phase.value === 'starting') {
    return <div class="starting" role="status"><span class="spinner" />{t('app.starting')}</div>
  }
  if (phase.value === 'signed_out') return <SignIn />
  return (
    <div class="page">
      <Header />
      <Toast />
      <Announcer />
      <Page />
      <QueueStrip />
      <HelpSheet />
      <TargetDialog />
    </div>
  )
}

function Page() {
  if (view.value === 'day') return <DayView />
  if (view.value === 'knowledge') return <KnowledgeView />
  if (leads.value && wall.value && (view.value === 'board' || view.value === 'plots')) return <WallView />
  if (view.value === 'board' && leads.value) return <BoardView />
  if (view.value === 'floor' && orders.value) return <FloorView />
  if (view.value === 'plots' && leads.value) return <PlotsView />
  if (view.value === 'reports' && leads.value) return <ReportsView />
  if (view.value === 'groups' && planner.value) return <GroupsView />
  if (view.value === 'people') return <PeopleView />
  return <DeskView />
}

function Toast() {
  return (
    <div class="toast-place" role="alert">
      {problem.value !== null && (
        <div class="toast" data-testid="problem">
          <Icon name="alert" />
          <span>{errorWords(problem.value)}</span>
          <button type="button" class="icon-button" aria-label={t('action.close')} onClick={() => { problem.value = null }}>
            <Icon name="close" size={16} />
          </button>
        </div>
      )}
    </div>
  )
}
