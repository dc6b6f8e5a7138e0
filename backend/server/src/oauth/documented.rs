//! What every endpoint of the authorization server may answer, as the OpenAPI document lists it.

use mudeung_wire::api::OAuthError;
use std::collections::BTreeMap;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// What an endpoint may answer whatever it does: about transport, method, size, time, brakes and the server itself.
pub(crate) struct OAuthProblems;

const ANSWERS: [(&str, &str); 9] = [
    ("403", "The request came over plain http; what it carried has travelled in the open"),
    ("405", "Another method is served here"),
    ("408", "The body did not arrive in time"),
    ("413", "The body is larger than allowed"),
    ("414", "The address is too long"),
    ("429", "Too many requests; Retry-After says how long to wait"),
    ("431", "The headers are too large"),
    ("500", "The server failed"),
    ("503", "The server cannot do this now; Retry-After says when to try again"),
];

impl IntoResponses for OAuthProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let described = |description: &str| {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(OAuthError::name()))).build();
            RefOr::T(ResponseBuilder::new().description(description).content("application/json", content).build())
        };
        ANSWERS.iter().map(|(status, description)| ((*status).to_owned(), described(description))).collect()
    }
}
