//! Where a request comes from: the peer, or the client that a trusted proxy names.

use crate::config::{ForwardedHeader, HttpConfig};
use actix_web::http::header::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Nobody's address; what a request has whose client is not to be made out. No allow-list admits it.
pub const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The address of the client. What a header says counts only when the peer is a trusted proxy, and then the hop
/// furthest to the right that is no trusted proxy itself: whatever stands left of it may have been written by anybody.
pub fn client_address(peer: Option<IpAddr>, headers: &HeaderMap, config: &HttpConfig) -> IpAddr {
    let peer = peer.unwrap_or(NOBODY).to_canonical();
    if !is_trusted(peer, &config.trusted_proxies) {
        return peer;
    }
    let name = match config.forwarded_header {
        ForwardedHeader::XForwardedFor => "x-forwarded-for",
        ForwardedHeader::Forwarded => "forwarded",
    };
    let mut nearest = peer;
    let values: Vec<_> = headers.get_all(name).collect();
    for value in values.into_iter().rev() {
        let Ok(text) = value.to_str() else { return NOBODY };
        for hop in text.rsplit(',') {
            let address = match config.forwarded_header {
                ForwardedHeader::XForwardedFor => hop_address(hop.trim()),
                ForwardedHeader::Forwarded => for_parameter(hop).and_then(hop_address),
            };
            let Some(address) = address else { return NOBODY };
            nearest = address;
            if !is_trusted(nearest, &config.trusted_proxies) {
                return nearest;
            }
        }
    }
    nearest
}

/// The network that an address is counted under: /24 of IPv4, /56 of IPv6, which is what one subscriber has.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(address) => {
            let bits = u128::from(address) & (u128::MAX << 72);
            IpAddr::V6(Ipv6Addr::from(bits))
        }
    }
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// An address as proxies write it: bare, with a port, or IPv6 in brackets.
fn hop_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

/// The value of `for` in one element of `Forwarded` (RFC 7239).
fn for_parameter(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then(|| value.trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    fn config(trusted: &[&str], forwarded_header: ForwardedHeader) -> HttpConfig {
        HttpConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            public_url: String::new(),
            behind_tls_proxy: true,
            trusted_proxies: trusted.iter().map(|network| network.parse().unwrap()).collect(),
            forwarded_header,
            workers: 1,
        }
    }

    fn ask(peer: &str, headers: &[(&'static str, &str)], config: &HttpConfig) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        client_address(Some(peer.parse().unwrap()), &map, config).to_string()
    }

    #[test]
    fn a_header_of_a_stranger_is_not_looked_at() {
        let nobody_trusted = config(&[], ForwardedHeader::XForwardedFor);
        assert_eq!(ask("203.0.113.9", &[("x-forwarded-for", "10.0.0.1")], &nobody_trusted), "203.0.113.9");
        let one = config(&["192.0.2.1/32"], ForwardedHeader::XForwardedFor);
        assert_eq!(ask("203.0.113.9", &[("x-forwarded-for", "10.0.0.1")], &one), "203.0.113.9");
        assert_eq!(ask("::ffff:192.0.2.1", &[("x-forwarded-for", "10.0.0.1")], &one), "10.0.0.1");
    }

    #[test]
    fn the_rightmost_hop_that_is_not_a_proxy_counts() {
        let two = config(&["192.0.2.0/24"], ForwardedHeader::XForwardedFor);
        for (headers, expected) in [
            (vec![("x-forwarded-for", "10.0.0.1, 203.0.113.9")], "203.0.113.9"),
            (vec![("x-forwarded-for", "10.0.0.1, 203.0.113.9, 192.0.2.7")], "203.0.113.9"),
            (vec![("x-forwarded-for", "10.0.0.1"), ("x-forwarded-for", "203.0.113.9")], "203.0.113.9"),
            (vec![("x-forwarded-for", "192.0.2.9, 192.0.2.7")], "192.0.2.9"),
            (vec![("x-forwarded-for", "203.0.113.9:4711")], "203.0.113.9"),
            (vec![("x-forwarded-for", "[2001:db8::1]:4711")], "2001:db8::1"),
            (vec![("x-forwarded-for", "10.0.0.1, what, 192.0.2.7")], "0.0.0.0"),
            (vec![("x-forwarded-for", "")], "0.0.0.0"),
            (vec![("forwarded", "for=10.0.0.1")], "192.0.2.1"),
            (vec![], "192.0.2.1"),
        ] {
            assert_eq!(ask("192.0.2.1", &headers, &two), expected, "{headers:?}");
        }
    }

    #[test]
    fn forwarded_is_read_when_it_is_the_one_the_proxy_writes() {
        let rfc = config(&["192.0.2.0/24"], ForwardedHeader::Forwarded);
        for (value, expected) in [
            ("for=10.0.0.1, For=\"[2001:db8::7]:99\";proto=https", "2001:db8::7"),
            ("for=203.0.113.9;by=192.0.2.1", "203.0.113.9"),
            ("for=10.0.0.1, for=unknown", "0.0.0.0"),
            ("for=10.0.0.1, for=_hidden", "0.0.0.0"),
            ("proto=https", "0.0.0.0"),
        ] {
            assert_eq!(ask("192.0.2.1", &[("forwarded", value)], &rfc), expected, "{value}");
            assert_eq!(ask("192.0.2.1", &[("x-forwarded-for", "10.9.9.9"), ("forwarded", value)], &rfc), expected);
        }
    }

    #[test]
    fn a_subscriber_is_counted_under_one_network() {
        for (address, network) in [
            ("203.0.113.9", "203.0.113.0"),
            ("::ffff:203.0.113.9", "203.0.113.0"),
            ("2001:db8:1:2ff:ffff::1", "2001:db8:1:200::"),
        ] {
            assert_eq!(network_of(address.parse().unwrap()).to_string(), network);
        }
    }

    proptest! {
        /// Whatever a client writes into the header, the proxy's own word at its end decides.
        #[test]
        fn nothing_a_client_writes_hides_its_address(written in "[ -~]{0,60}", client in any::<u32>()) {
            let proxy = config(&["192.0.2.1/32"], ForwardedHeader::XForwardedFor);
            let client = IpAddr::V4(Ipv4Addr::from(client));
            prop_assume!(client.to_string() != "192.0.2.1");
            let value = format!("{written}, {client}");
            prop_assert_eq!(ask("192.0.2.1", &[("x-forwarded-for", &value)], &proxy), client.to_string());
        }
    }
}
