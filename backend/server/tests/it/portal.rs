//! The portal as a browser sees it.

mod activation;
mod agreements;
mod attachments;
mod billing;
mod board;
mod break_glass;
mod courses;
mod doors;
mod flow;
mod flow_attacks;
mod forms;
mod guide;
mod incidents;
pub(crate) mod isolation;
mod kept;
mod keys;
mod languages;
mod matrix;
pub(crate) mod members;
mod messages;
mod pages;
mod passkeys;
mod permissions;
mod receipts;
mod requests;
mod reviews;
mod sso;
mod step_up;
mod telling;
mod turns;
mod typed;
mod uses;

use crate::app::TestApp;
use crate::app::fixture::PASSWORD;
use mudeung_core::member::Role;
use reqwest::header::{HeaderMap, SET_COOKIE};
use std::collections::BTreeMap;

/// A browser with its cookies.
pub(crate) struct Browser<'a> {
    app: &'a TestApp,
    cookies: BTreeMap<String, String>,
}

/// What a browser was shown.
pub(crate) struct Shown {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl<'a> Browser<'a> {
    /// A browser that nobody has used.
    pub(crate) fn new(app: &'a TestApp) -> Self {
        Self { app, cookies: BTreeMap::new() }
    }

    /// A browser in which the member with that role is signed in.
    pub(crate) async fn of(app: &'a TestApp, role: Role) -> Self {
        Self::with(app, &format!("{}@example.org", role.as_str())).await
    }

    /// A browser in which the member with that address is signed in.
    pub(crate) async fn with(app: &'a TestApp, email: &str) -> Self {
        let mut browser = Self::new(app);
        let shown = browser.sign_in(email, PASSWORD, "").await;
        assert_eq!((shown.status, shown.location()), (303, "/en/home"), "{}", shown.body);
        browser
    }

    pub(crate) async fn sign_in(&mut self, email: &str, password: &str, next: &str) -> Shown {
        let form = self.get("/en/sign-in").await;
        let token = form.form_token();
        let fields = [("form_token", token.as_str()), ("email", email), ("password", password), ("next", next)];
        self.post("/en/sign-in", &fields).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Shown {
        let request = self.app.get(path);
        self.send(request).await
    }

    /// Sends a form as it is.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let request = self.app.post(path).form(fields);
        self.send(request).await
    }

    /// Sends a form with the token that the page `from` carries.
    pub(crate) async fn submit(&mut self, from: &str, path: &str, fields: &[(&str, &str)]) -> Shown {
        let token = self.get(from).await.form_token();
        let mut all = vec![("form_token", token.as_str())];
        all.extend(fields);
        self.post(path, &all).await
    }

    /// A request with the cookies of this browser.
    pub(crate) fn request(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.header("cookie", cookies.join("; "))
    }

    pub(crate) async fn send(&mut self, request: reqwest::RequestBuilder) -> Shown {
        let answer = self.request(request).send().await.unwrap();
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
        }
        Shown {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.text().await.unwrap(),
        }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }
}

impl Shown {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> &str {
        self.header("location")
    }

    /// The value of the first hidden token on the page.
    pub(crate) fn form_token(&self) -> String {
        self.between("name=\"form_token\" value=\"", "\"").unwrap_or_default()
    }

    /// The text between two others.
    pub(crate) fn between(&self, before: &str, after: &str) -> Option<String> {
        let (_, rest) = self.body.split_once(before)?;
        rest.split_once(after).map(|(text, _)| text.to_owned())
    }
}
