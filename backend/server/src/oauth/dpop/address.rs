//! Addresses in the one form in which two of them can be compared (RFC 3986 section 6.2), without query and fragment.

use actix_web::http::Uri;
use std::net::Ipv6Addr;

/// The normal form of an absolute `http` or `https` address; nothing for other texts.
pub(super) fn normalised(text: &str) -> Option<String> {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let uri: Uri = text.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let authority = uri.authority()?;
    let port = authority.as_str().strip_prefix(authority.host())?;
    let is_port =
        port.is_empty() || port.strip_prefix(':').is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
    if !is_host(authority.host()) || !is_port {
        return None;
    }
    let host = authority.host().to_ascii_lowercase();
    let path = path(uri.path());
    let path = if path == "/" { "" } else { &path };
    Some(match authority.port_u16().filter(|port| *port != usual) {
        Some(port) => format!("{scheme}://{host}:{port}{path}"),
        None => format!("{scheme}://{host}{path}"),
    })
}

/// A name or an IP address; parsers of addresses let much more pass.
fn is_host(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)),
    }
}

/// The normal form of a path: escapes in upper case, and none where none is needed. It is its own normal form.
pub(super) fn path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let digits = after.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (digits, value) {
            (Some(_), Some(byte)) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                out.push(char::from(byte));
            }
            (Some(digits), _) => {
                out.push('%');
                out.push_str(&digits.to_ascii_uppercase());
            }
            // No escape, so it stands for itself.
            (None, _) => out.push_str("%25"),
        }
        rest = if digits.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oauth_57_addresses_that_mean_the_same_are_the_same() {
        let plain = normalised("https://data.example.org/v1/datasets").unwrap();
        for not in ["http://:80/x", "https://=[::1-;]443.x", "https://u@h/", "https://[::x]/", "https://h:8a/"] {
            assert_eq!(normalised(not), None, "{not}");
        }
        for same in [
            "HTTPS://Data.Example.ORG/v1/datasets",
            "https://data.example.org:443/v1/datasets",
            "https://data.example.org/v1/datasets?limit=3",
            "https://data.example.org/v1/datasets#x",
            "https://data.example.org/v1/%64atasets",
        ] {
            assert_eq!(normalised(same).as_ref(), Some(&plain), "{same}");
        }
        for other in [
            "http://data.example.org/v1/datasets",
            "https://data.example.org:8443/v1/datasets",
            "https://data.example.org/v1/datasets/",
            "https://data.example.org/V1/datasets",
            "https://data.example.org.evil.example/v1/datasets",
        ] {
            assert_ne!(normalised(other), Some(plain.clone()), "{other}");
        }
        for none in ["", "/v1/datasets", "https://", "ftp://data.example.org/x", "https://u@data.example.org/", "::"] {
            assert_eq!(normalised(none), None, "{none}");
        }
        assert_eq!(path("/a%2fb%7E%"), "/a%2Fb~%25");
        assert_eq!(path("/a%2Fb~%25"), "/a%2Fb~%25");
    }
}
