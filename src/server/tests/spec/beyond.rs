//! What goes beyond the published specs, by name. All else that they do not say is a violation.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::schema;
use crate::server::sandbox::Exchange;

/// Endpoints for tokens, which have a spec of their own, and the pages that merchants see.
const NO_APIS: [&str; 4] = ["/accesstoken/get", "/accessToken/get", "/miami/v1/token", "/register/"];

/// What older documents proposed; few upstreams have it.
const PROPOSED: [(&str, &str); 4] = [
    ("GET", "/management/v1/merchants"),
    ("GET", "/management/v1/partners/whoami"),
    ("GET", "/management/v1/merchants/{scheme}/{id}/contracts"),
    ("PATCH", "/management/v1/sales-units/{msn}"),
];

/// Fields of requests that upstream took once: operation, field.
pub const FIELDS: [(&str, &str); 1] = [("POST /management/v1/product-orders", "complianceData")];

/// Answers that the specs leave out, in the form of their neighbours: operation, status, and the
/// status whose form it has.
pub const ANSWERS: [(&str, u16, &str); 1] = [("DELETE /webhooks/v1/webhooks/{id}", 404, "400")];

/// The gateway before all APIs refuses tokens, keys and too many calls itself, in a form that no
/// API's spec has.
const GATEWAY: [u16; 4] = [401, 403, 422, 429];

static GATEWAY_ANSWER: LazyLock<Validator> = LazyLock::new(|| {
    schema::validator(&json!({
        "type": "object",
        "required": ["responseInfo", "result"],
        "additionalProperties": false,
        "properties": {
            "responseInfo": {
                "type": "object",
                "required": ["responseCode", "responseMessage"],
                "additionalProperties": false,
                "properties": {"responseCode": {"type": "integer"}, "responseMessage": {"type": "string"}},
            },
            "result": {
                "type": "object",
                "required": ["message"],
                "additionalProperties": false,
                "properties": {"message": {"type": "string"}},
            },
        },
    }))
});

pub fn is_no_api(path: &str) -> bool {
    NO_APIS.iter().any(|known| if known.ends_with('/') { path.starts_with(known) } else { path == *known })
}

pub fn is_proposed(method: &str, path: &str) -> bool {
    PROPOSED.iter().any(|(proposed, template)| *proposed == method && super::operation::fits(template, path).is_some())
}

pub fn is_answer_of_the_gateway(exchange: &Exchange) -> bool {
    let body: Option<Value> = serde_json::from_slice(&exchange.response_body).ok();
    let typed =
        exchange.response_headers.iter().any(|header| *header == ("content-type".into(), "application/json".into()));
    GATEWAY.contains(&exchange.status)
        && typed
        && body.is_some_and(|body| {
            GATEWAY_ANSWER.is_valid(&body) && body["responseInfo"]["responseCode"] == exchange.status
        })
}
