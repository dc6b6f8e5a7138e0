//! Errors as DRS has them.

use crate::call::Call;
use crate::fault::Fault;
use actix_web::HttpResponse;
use serde_json::json;

/// A fault in the dialect of the service.
pub fn answer(call: &Call, fault: &Fault) -> HttpResponse {
    let mut answer = HttpResponse::build(fault.status());
    for (name, value) in &fault.headers {
        answer.append_header((name.clone(), value.clone()));
    }
    let language = call.language;
    answer.insert_header(("Content-Language", language.as_str()));
    answer.json(json!({ "msg": language.pick(&fault.ko, &fault.en), "status_code": fault.status().as_u16() }))
}
