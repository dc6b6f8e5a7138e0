//! Who is at the other end of the connection.

use crate::state::App;
use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;
use std::net::{IpAddr, Ipv4Addr};

const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address that a request came from. Behind our proxy it is the one the proxy saw, which is the last it names.
pub(crate) fn address_of(app: &App, request: &HttpRequest) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    if !app.config.http.behind_tls_proxy {
        return peer;
    }
    let forwarded = request.headers().get_all(FORWARDED).last();
    let last = forwarded.and_then(|value| value.to_str().ok()).and_then(|value| value.rsplit(',').next());
    last.and_then(|address| address.trim().parse().ok()).unwrap_or(peer)
}
