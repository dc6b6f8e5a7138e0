//! The problems that governed routes answer with, as the OpenAPI document lists them.

use mudeung_wire::problem::{Code, Problem};
use std::collections::BTreeMap;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// What every route with a bearer token may answer.
pub struct TokenProblems;

/// What reads of data may answer besides.
pub struct ReadProblems;

/// What every route may answer before it is asked anything: about method, size, time and the server itself.
pub struct FrameworkProblems;

impl IntoResponses for FrameworkProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[400, 403, 405, 408, 413, 414, 431, 500])
    }
}

impl IntoResponses for TokenProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[400, 401, 403, 404, 405, 408, 413, 414, 429, 431, 500, 503])
    }
}

impl IntoResponses for ReadProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[400, 401, 403, 404, 405, 406, 408, 413, 414, 415, 416, 422, 429, 431, 500, 503])
    }
}

/// One answer for each status, named after the codes that have it.
fn problems(statuses: &[u16]) -> BTreeMap<String, RefOr<Response>> {
    let described = |status: u16| {
        let codes: Vec<&str> =
            Code::ALL.iter().filter(|code| code.status() == status).map(|code| code.as_str()).collect();
        let schema = Ref::from_schema_name(Problem::name());
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let response = ResponseBuilder::new().description(format!("Problem: {}", codes.join(", ")));
        RefOr::T(response.content("application/problem+json", content).build())
    };
    statuses.iter().map(|status| (status.to_string(), described(*status))).collect()
}
