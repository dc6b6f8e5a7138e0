//! Who is at the other end of a request.

use crate::address::client_address;
use crate::state::App;
use actix_web::HttpRequest;
use std::net::IpAddr;

/// The address that a request came from, as far as the proxies that are trusted say so.
pub(crate) fn address_of(app: &App, request: &HttpRequest) -> IpAddr {
    client_address(request.peer_addr().map(|peer| peer.ip()), request.headers(), &app.config.http)
}
