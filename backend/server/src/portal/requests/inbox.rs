//! What waits on the member: each request with the step that is theirs, since when, and until when.

use super::show::urgency;
use super::{line, visible};
use crate::fault::Fault;
use crate::portal::desk::{Anyone, Desk};
use crate::portal::moment;
use crate::portal::texts::FlowTexts;
use mudeung_core::clock::{Clock, Timestamp};
use mudeung_core::policy::Snapshot;
use mudeung_core::request::ruling::Task;
use mudeung_core::request::steps::Step;
use mudeung_store::Conn;
use mudeung_store::requests::{self, Filed};

/// How many are shown; the most urgent first.
const SHOWN_MAX: usize = 100;

/// One line of the inbox.
pub(in crate::portal) struct Waiting {
    pub(in crate::portal) href: String,
    pub(in crate::portal) dataset: String,
    pub(in crate::portal) organization: String,
    pub(in crate::portal) task: &'static str,
    pub(in crate::portal) since: String,
    pub(in crate::portal) due: String,
    pub(in crate::portal) urgency: &'static str,
    pub(in crate::portal) class: &'static str,
}

/// The inbox, and how many requests are open that the member may see.
pub(in crate::portal) struct Inbox {
    pub(in crate::portal) waiting: Vec<Waiting>,
    pub(in crate::portal) count: usize,
    pub(in crate::portal) oldest: Option<Timestamp>,
    pub(in crate::portal) open: usize,
}

/// What waits on the member.
pub(in crate::portal) async fn of(desk: &Desk<Anyone>, snapshot: &Snapshot) -> Result<Inbox, Fault> {
    let of = visible(desk);
    let look = move |conn: &mut Conn| Ok((requests::list_open(conn, of)?, requests::load_board(conn)?));
    let (open, board) = desk.app.db.read("look at inbox", look).await?;
    let (house, now) = (&desk.app.portal.house, desk.app.clock.now());
    let company = (!desk.signed_in.is_hospital()).then_some(desk.signed_in.organization.id);
    let mine = open.iter().filter_map(|filed| {
        let task = house.waits_on((&filed.request, &filed.case), &board, &desk.signed_in.member, company, now)?;
        Some((filed, task))
    });
    let mut mine: Vec<(&Filed, Task)> = mine.collect();
    mine.sort_by_key(|(filed, _)| {
        let pressing = house.clocks.urgency(&filed.case, now);
        (std::cmp::Reverse(pressing), since(filed))
    });
    let f = FlowTexts::of(desk.page.language);
    let shown = mine.iter().take(SHOWN_MAX).map(|(filed, task)| {
        let line = line(&desk.page, &filed.request, snapshot);
        let (urgency, class) = house.clocks.urgency(&filed.case, now).map_or(("", "plain"), |it| urgency(f, it));
        Waiting {
            href: desk.page.at(&format!("/requests/{}", line.id)),
            dataset: line.dataset_title,
            organization: line.organization,
            task: text(f, *task),
            since: line.since,
            due: house.clocks.due(&filed.case).map(moment::minute).unwrap_or_default(),
            urgency,
            class,
        }
    });
    Ok(Inbox {
        waiting: shown.collect(),
        count: mine.len(),
        oldest: mine.iter().map(|(filed, _)| since(filed)).min(),
        open: open.iter().filter(|filed| filed.request.submitted_at.is_some()).count(),
    })
}

fn since(filed: &Filed) -> Timestamp {
    filed.request.state.since().unwrap_or(filed.request.created_at)
}

const fn text(f: &'static FlowTexts, task: Task) -> &'static str {
    match task {
        Task::Take(Step::Check) => f.task_check,
        Task::Take(Step::SignOff(_)) => f.task_sign_off,
        Task::Take(Step::Votes) => f.task_vote,
        Task::Take(Step::Decision) => f.task_decide,
        Task::Confirm => f.task_confirm,
        Task::Finish => f.task_finish,
        Task::Change => f.task_change,
        Task::Answer => f.task_answer,
    }
}
