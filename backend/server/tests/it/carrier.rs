//! A carrier that keeps what it is given: what stands for the mail server and for companies' programs in these tests. The
//! real ones are in `deploy/e2e` (`test_mail.py`).

use crate::app::TestApp;
use mudeung_server::post::mail::Mail;
use mudeung_server::post::webhook::Call;
use mudeung_server::post::{Carrier, CarryFuture, Undelivered, carry_due};
use std::sync::Mutex;

/// Keeps mails and calls, and answers as it is told.
pub(crate) struct Memory {
    mails: Mutex<Vec<Mail>>,
    calls: Mutex<Vec<Call>>,
    answer: Mutex<Result<(), Undelivered>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { mails: Mutex::default(), calls: Mutex::default(), answer: Mutex::new(Ok(())) }
    }
}

impl Memory {
    /// Carries what is due, and gives the mails that arrived.
    pub(crate) async fn mails(&self, app: &TestApp) -> Vec<Mail> {
        carry_due(app.state(), self).await.unwrap();
        std::mem::take(&mut *self.mails.lock().unwrap())
    }

    /// Carries what is due, and gives the calls that were made.
    pub(crate) async fn calls(&self, app: &TestApp) -> Vec<Call> {
        carry_due(app.state(), self).await.unwrap();
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    /// From now on everything is answered so.
    pub(crate) fn answer(&self, answer: Result<(), Undelivered>) {
        *self.answer.lock().unwrap() = answer;
    }
}

impl Carrier for Memory {
    fn has_mail(&self) -> bool {
        true
    }

    fn mail(&self, mail: Mail) -> CarryFuture<'_> {
        self.mails.lock().unwrap().push(mail);
        let answer = self.answer.lock().unwrap().clone();
        Box::pin(async move { answer })
    }

    fn webhook(&self, call: Call) -> CarryFuture<'_> {
        self.calls.lock().unwrap().push(call);
        let answer = self.answer.lock().unwrap().clone();
        Box::pin(async move { answer })
    }
}

/// The first address of the server in a mail, without the server.
pub(crate) fn link(app: &TestApp, mail: &Mail) -> String {
    let (_, rest) = mail.text.split_once(&app.url).expect("the mail has a link");
    rest.split_whitespace().next().unwrap().to_owned()
}
