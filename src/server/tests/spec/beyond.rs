//! What goes beyond the published specs, by name. All else that they do not say is a violation.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::schema;
use crate::server::sandbox::Exchange;

/// Endpoints for tokens, which have a spec of their own, and the pages that merchants see.
const NO_APIS: [&str; 5] =
    ["/accesstoken/get", "/accessToken/get", "/miami/v1/token", "/api/access-token/jwt-token", "/register/"];

/// What older documents proposed; few upstreams have it.
const PROPOSED: [(&str, &str); 5] = [
    ("GET", "/management/v1/merchants"),
    ("GET", "/management/v1/partners/whoami"),
    ("GET", "/management/v1/merchants/{scheme}/{id}/contracts"),
    ("PATCH", "/management/v1/sales-units/{msn}"),
    ("GET", "/management/v1/api-quality/sales-units/{msn}"),
];

/// Fields of requests that upstream took once: operation, field.
pub const FIELDS: [(&str, &str); 1] = [("POST /management/v1/product-orders", "complianceData")];

/// Answers that the specs leave out, in the form of their neighbours: operation, status, and the
/// status whose form it has.
pub const ANSWERS: [(&str, u16, &str); 1] = [("DELETE /webhooks/v1/webhooks/{id}", 404, "400")];

/// Where published specs contradict themselves or the text beside them. What is put right stands here, and nothing
/// else of a spec is changed.
pub fn amend(spec: &mut Value) {
    match (spec["info"]["title"].as_str(), spec["info"]["version"].as_str()) {
        (Some("Recurring Payments Merchant API"), Some("3.1.2")) => amend_recurring(spec),
        (Some("Recurring Payments Merchant API"), Some("1.0")) => amend_first_recurring(spec),
        _ => {}
    }
}

fn amend_recurring(spec: &mut Value) {
    let schemas = &mut spec["components"]["schemas"];
    // "Contains null until the status has reached DUE", and "an optional external ID", but neither may be null.
    for name in ["transactionId", "externalId"] {
        schemas["ChargeResponseV3"]["properties"][name]["nullable"] = json!(true);
    }
    // An orderId of up to 64 characters becomes the id, which has room for 15.
    schemas["ChargeResponseV3"]["properties"]["id"]["maxLength"] = json!(64);
    schemas["ChargeReference"]["properties"]["chargeId"]["maxLength"] = json!(64);
    // Every price campaign is a legacy campaign as well, so it cannot be one of the two only.
    let kinds = schemas["campaignResponseV3"]["oneOf"].take();
    schemas["campaignResponseV3"] = json!({"anyOf": kinds});
    // What is wrong is told everywhere in the same form, but not every operation says so.
    for (path, method, status) in [
        ("/recurring/v3/agreements", "get", "400"),
        ("/recurring/v3/agreements/{agreementId}/charges", "get", "400"),
        ("/recurring/v3/agreements/charges", "post", "400"),
        ("/recurring/v3/agreements/charges", "post", "409"),
        ("/recurring/v3/agreements/{agreementId}", "patch", "409"),
        ("/recurring/v3/agreements/{agreementId}/accept", "patch", "409"),
    ] {
        spec["paths"][path][method]["responses"][status] = json!({"$ref": "#/components/responses/ErrorResponseV3"});
    }
}

fn amend_first_recurring(spec: &mut Value) {
    // How to get this document, and whether anybody is there: of no use to merchants.
    if let Some(paths) = spec["paths"].as_object_mut() {
        paths.retain(|path, _| path.starts_with("/api/"));
    }
    // The document came with the test environment's address. A month later it named this one.
    spec["basePath"] = json!("/recurring");
    // A list of agreements is a list, as the text says.
    spec["paths"]["/api/v1/agreement"]["get"]["responses"]["200"]["schema"] =
        json!({"type": "array", "items": {"$ref": "#/definitions/Agreement"}});
    // Nobody could ask for a charge without its id. A month later the document had both.
    spec["definitions"]["Charge"]["properties"]["id"] = json!({"type": "string"});
    spec["definitions"]["Charge"]["properties"]["status"] = json!({"type": "string", "enum": [
        "PENDING", "DUE", "REFUNDED", "CHARGED", "FAILED", "CANCELLED",
    ]});
    // "All error responses contain an error object in the body", these as well.
    let errors = json!({"type": "array", "items": {"$ref": "#/definitions/ErrorDto"}});
    for (path, method, status) in [
        ("/api/v1/agreement/{agreementId}", "get", "404"),
        ("/api/v1/agreement/{agreementId}", "post", "404"),
        ("/api/v1/charge/{agreementId}/{chargeId}", "get", "404"),
        ("/api/v1/charge/{agreementId}/{chargeId}", "delete", "409"),
    ] {
        spec["paths"][path][method]["responses"][status]["schema"] = errors.clone();
    }
}

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
    // Where an upstream speaks one version of the API only, there is nothing behind the other one's paths.
    let nothing_there = exchange.status == 404 && exchange.path.starts_with("/recurring/");
    (GATEWAY.contains(&exchange.status) || nothing_there)
        && typed
        && body.is_some_and(|body| {
            GATEWAY_ANSWER.is_valid(&body) && body["responseInfo"]["responseCode"] == exchange.status
        })
}
