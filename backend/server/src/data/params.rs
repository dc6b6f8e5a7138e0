//! Query parameters, read strictly: an unknown name, a double, a bad escape is an error that names it, never a guess.

use crate::fault::Fault;
use mudeung_wire::problem::Code;

/// The most parameters one address may have.
const PARAMETERS_MAX: usize = 32;

/// The parameters of an address.
#[derive(Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query string in which only these names may stand, each at most once.
    pub fn parse(query: &str, allowed: &[&str]) -> Result<Self, Fault> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if !allowed.contains(&name.as_str()) {
                let allowed = allowed.join(", ");
                return Err(Fault::parameter(
                    &clipped(&name),
                    format!("There is no such parameter here; there are: {allowed}."),
                    format!("이 주소에서 쓸 수 없는 매개변수입니다. 사용 가능: {allowed}"),
                ));
            }
            if pairs.len() == PARAMETERS_MAX || pairs.iter().any(|(known, _)| *known == name) {
                return Err(Fault::parameter(&name, "Give it once.", "한 번만 지정하세요."));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// Reads the parameters of these names and ignores all others: for protocols whose clients send what they like.
    pub fn known(query: &str, names: &[&str]) -> Result<Self, Fault> {
        let named = |pair: &&str| {
            let name = pair.split('=').next().unwrap_or_default();
            decode(name).is_ok_and(|name| names.contains(&name.as_str()))
        };
        let pairs: Vec<&str> = query.split('&').filter(named).collect();
        Self::parse(&pairs.join("&"), names)
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A whole number within bounds.
    pub fn number(&self, name: &str, min: u64, max: u64) -> Result<Option<u64>, Fault> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse::<u64>() {
            Ok(number) if digits && (min..=max).contains(&number) => Ok(Some(number)),
            _ => Err(Fault::parameter(
                name,
                format!("Must be a whole number from {min} to {max}."),
                format!("{min}부터 {max}까지의 정수여야 합니다."),
            )),
        }
    }

    /// The `version` parameter: a number, or `latest`, which is the same as nothing.
    pub fn version(&self) -> Result<Option<u32>, Fault> {
        if self.get("version") == Some("latest") {
            return Ok(None);
        }
        let number = self.number("version", 1, u64::from(u32::MAX))?;
        Ok(number.and_then(|number| u32::try_from(number).ok()))
    }
}

/// Decodes `application/x-www-form-urlencoded`, refusing what is no escape, no UTF-8, or a control character.
pub fn decode(text: &str) -> Result<String, Fault> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                let value = high.zip(low).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                bytes.push(value.ok_or_else(malformed)?);
            }
            byte => bytes.push(byte),
        }
    }
    let text = String::from_utf8(bytes).ok().ok_or_else(malformed)?;
    if text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) { Err(malformed()) } else { Ok(text) }
}

fn malformed() -> Fault {
    Fault::new(
        Code::BadRequest,
        "The address is not valid percent-encoded UTF-8 text.",
        "주소가 올바른 퍼센트 인코딩(UTF-8)이 아닙니다.",
    )
}

/// The start of a text that somebody sent, to show it back without carrying all of it.
pub fn clipped(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_query_string_gives_parameters_or_a_fault(text in "[ -~]{0,80}") {
            let _ = Params::parse(&text, &["a", "limit"]);
        }

        #[test]
        fn what_was_encoded_reads_back(value in "[^\\p{Cc}]{0,40}") {
            let text = serde_urlencoded::to_string([("filter", &value)]).unwrap();
            let params = Params::parse(&text, &["filter"]).unwrap();
            prop_assert_eq!(params.get("filter"), Some(value.as_str()));
        }
    }

    #[test]
    fn odd_parameters_are_refused_with_their_name() {
        let fault = |text: &str| Params::parse(text, &["limit", "version"]).unwrap_err();
        assert_eq!(fault("limti=3").code, Code::InvalidParameter);
        assert_eq!(fault("limti=3").parameters[0].name, "limti");
        assert_eq!(fault("limit=3&limit=4").parameters[0].name, "limit");
        for bad in ["limit=%", "limit=%4", "limit=%zz", "limit=%ff", "limit=%00", "%c3=1", "limit=\u{1}"] {
            assert_eq!(fault(bad).code, Code::BadRequest, "{bad}");
        }
        let params = Params::parse("limit=+5&version=0", &["limit", "version"]).unwrap();
        assert!(params.number("limit", 0, 9).is_err() && params.version().is_err());
        assert_eq!(Params::parse("version=latest", &["version"]).unwrap().version().unwrap(), None);
    }
}
