//! The fields of a submitted form, read once and checked for forgery before a handler sees them.

use super::cookie::Cookies;
use super::forgery;
use crate::fault::Fault;
use crate::state::App;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use mudeung_core::clock::Entropy;
use mudeung_wire::problem::Code;

/// The most fields one form may have; an approval has one for each column.
const FIELDS_MAX: usize = 4_096;

/// The fields of a form, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

/// The fields of a form that came from one of our own pages, shown to this very session.
#[derive(Debug)]
pub(crate) struct Submitted(pub(crate) Fields);

impl Fields {
    /// The fields of a form that was read otherwise.
    pub(super) const fn of(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// Reads a form body.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Fault> {
        let unreadable = || Fault::new(Code::BadRequest, "The form cannot be read.", "양식을 읽을 수 없습니다.");
        let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).ok().ok_or_else(unreadable)?;
        if fields.len() > FIELDS_MAX { Err(unreadable()) } else { Ok(Self(fields)) }
    }

    /// All of them, in order.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// The first value of a field, without spaces at its ends; empty when there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.raw(name).unwrap_or_default().trim()
    }

    /// The first value of a field as it was typed.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of a field.
    pub(crate) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A text of so many visible characters; line breaks only where they are allowed.
    pub(crate) fn line(&self, name: &str, characters: std::ops::RangeInclusive<usize>) -> Option<String> {
        let text = self.text(name);
        let visible = text.chars().all(|letter| !letter.is_control() && !is_invisible(letter));
        (visible && characters.contains(&text.chars().count())).then(|| text.to_owned())
    }

    /// Like [`Fields::line`], with line breaks.
    pub(crate) fn paragraph(&self, name: &str, characters: std::ops::RangeInclusive<usize>) -> Option<String> {
        let text = self.text(name).replace("\r\n", "\n");
        let visible = text.chars().all(|letter| letter == '\n' || !(letter.is_control() || is_invisible(letter)));
        (visible && characters.contains(&text.chars().count())).then_some(text)
    }

    /// A whole number within a range.
    pub(crate) fn number(&self, name: &str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        self.text(name).replace([',', '_'], "").parse().ok().filter(|number| range.contains(number))
    }
}

/// Letters that reorder or hide others: names must look like what they are.
pub(crate) const fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

impl FromRequest for Submitted {
    type Error = Fault;
    type Future = LocalBoxFuture<'static, Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = web::Bytes::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let app = request.app_data::<web::Data<App>>().ok_or_else(|| Fault::internal("no application state"))?;
            let fields = Fields::parse(&read(body.await)?)?;
            let cookie = Cookies { secure: app.portal.secure }.session_of(&request);
            forgery::check(app, &request, cookie.as_deref(), fields.raw("form_token"))?;
            Ok(Self(fields))
        })
    }
}

/// The body, or why it could not be read.
pub(crate) fn read(body: Result<web::Bytes, actix_web::Error>) -> Result<web::Bytes, Fault> {
    body.map_err(|error| match error.as_response_error().status_code().as_u16() {
        413 => Fault::new(Code::TooLarge, "The form is larger than allowed.", "양식이 한도보다 큽니다."),
        _ => Fault::new(Code::BadRequest, "The form cannot be read.", "양식을 읽을 수 없습니다.")
            .because(error.to_string()),
    })
}

/// The visit token of the browser, or a new one.
pub(super) fn visit_of(cookies: Cookies, request: &HttpRequest, entropy: &dyn Entropy) -> (String, bool) {
    match cookies.visit_of(request) {
        Some(token) => (token, false),
        None => (super::cookie::fresh_token(entropy), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_hide_or_reorder_letters_are_refused() {
        for (text, accepted) in [
            ("name=risk+model", true),
            ("name=%EC%9C%84%ED%97%98%EB%8F%84", true),
            ("name=", false),
            ("name=a%00b", false),
            ("name=a%E2%80%AEb", false),
            ("other=a", false),
        ] {
            assert_eq!(Fields::parse(text.as_bytes()).unwrap().line("name", 1..=60).is_some(), accepted, "{text}");
        }
    }

    #[test]
    fn repeated_fields_are_all_there() {
        let fields = Fields::parse(b"column=a&column=b&x=1%2C000").unwrap();
        assert_eq!(fields.all("column").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(fields.number("x", 1..=1_000), Some(1_000));
        assert_eq!(fields.number("x", 1..=999), None);
    }
}
