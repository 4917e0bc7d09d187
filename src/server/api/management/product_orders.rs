//! Product orders that programs make and delete: they go on to upstream, and the copy has them at once.

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::TAG;
use crate::domain::failure::Failure;
use crate::server::acting::program::Program;
use crate::server::acting::program::ordering::{ASK_AGAIN_AFTER, IdempotencyKey, Ordered, WantedOrder};
use crate::server::api::fields::JsonBody;
use crate::server::api::problem::{Problem, Refusals, UpstreamTroubles};
use crate::server::api::{OrganisationWrites, Segment};
use crate::server::ordering::Deleting;

/// A product order with a filled-in form.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrefilledOrder {
    #[schema(example = "81b83246-5c19-7b94-875b-ea6d1114f099")]
    pub prefilled_order_id: Uuid,
    /// The merchant's link to the form. It works for 14 days.
    #[schema(example = "https://portal.vippsmobilepay.com/register/prefilled/81b83246-5c19-7b94-875b-ea6d1114f099")]
    pub prefill_url: String,
}

/// Make a product order
///
/// However often it is sent with the same `Idempotency-Key`, there is one order. If no answer came from upstream,
/// send it again with the same key: the portal finds out whether it has arrived.
#[utoipa::path(post, path = "/management/v1/product-orders", tag = TAG, operation_id = "management_order",
    params(("Idempotency-Key" = String, Header, description = "1 to 50 letters, digits and -", example = "crm-4711")),
    request_body(content = Value, content_type = "application/json", description = "As upstream's document has it; all but `businessIdentifier` and `productType` is checked by upstream.",
        example = json!({"businessIdentifier": {"scheme": "business:NO:ORG", "id": "918713867"}, "productType": "LOGIN", "salesUnitName": "Kaffebrenneriet"})),
    responses(
    Refusals, UpstreamTroubles,
    (status = 201, body = PrefilledOrder),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 413, body = Problem, content_type = "application/problem+json"),
    (status = 415, body = Problem, content_type = "application/problem+json"),
    (status = "4XX", body = Problem, content_type = "application/problem+json", description = "Upstream has refused it, with this status."),
))]
pub async fn order(
    OrganisationWrites(program): OrganisationWrites,
    headers: HeaderMap,
    JsonBody(request): JsonBody,
) -> Result<Response, Problem> {
    ordered(&program, &headers, request).await
}

pub(super) async fn ordered(program: &Program, headers: &HeaderMap, request: Value) -> Result<Response, Problem> {
    program.is_partners()?;
    let key = headers.get("idempotency-key").and_then(|key| IdempotencyKey::parse(key.to_str().ok()?));
    let wanted = WantedOrder::read(request);
    let mut faults = Vec::new();
    if key.is_none() {
        faults.push(("Idempotency-Key", "This header is required: 1 to 50 letters, digits and -."));
    }
    if let Err(missing) = &wanted {
        faults.extend(missing.iter().map(|field| (*field, "This is required.")));
    }
    let (Some(key), Ok(wanted)) = (key, wanted) else { return Err(Problem::faults_as_upstream(faults)) };
    let open = |status, detail: &str| Err(Problem::new(status, detail).again_after(ASK_AGAIN_AFTER));
    match program.send_product_order(&key, wanted).await? {
        Ordered::Sent { order_id: prefilled_order_id, url: prefill_url } => {
            Ok((StatusCode::CREATED, Json(PrefilledOrder { prefilled_order_id, prefill_url })).into_response())
        }
        Ordered::Refused(refusal) => Err(Problem::refused(refusal)),
        Ordered::OtherRequest => Err(Problem::new(
            StatusCode::CONFLICT,
            "This Idempotency-Key was used for another request: send this one with a key of its own.",
        )),
        Ordered::Over => Err(Problem::new(
            StatusCode::CONFLICT,
            "This order has not arrived, and its Idempotency-Key is too old to be used again: send it with a new one.",
        )),
        Ordered::Sending => {
            Err(Problem::new(StatusCode::CONFLICT, "This order is just being sent. Ask again.").again_after(1))
        }
        Ordered::Unknown => open(
            StatusCode::BAD_GATEWAY,
            "Whether this order has arrived is not known yet. Send it again with the same Idempotency-Key to hear.",
        ),
        Ordered::NotReached => open(
            StatusCode::BAD_GATEWAY,
            "Vipps MobilePay was not reached, and has not got this order. Send it again with the same Idempotency-Key.",
        ),
    }
}

/// Delete a product order that the merchant has not submitted
#[utoipa::path(delete, path = "/management/v1/product-orders/{product_order_id}", tag = TAG, operation_id = "management_delete_order",
    params(("product_order_id" = Uuid, Path)), responses(
    Refusals, UpstreamTroubles,
    (status = 200, description = "It is deleted."),
    (status = "4XX", body = Problem, content_type = "application/problem+json", description = "Upstream has refused it, with this status."),
))]
pub async fn delete(
    OrganisationWrites(program): OrganisationWrites,
    Segment(id): Segment<String>,
) -> Result<Response, Problem> {
    let id = id.parse::<Uuid>().map_err(|_| Problem::not_found())?;
    match program.delete_product_order(id).await? {
        Deleting::Deleted => Ok(StatusCode::OK.into_response()),
        Deleting::Refused(refusal) => Err(Problem::refused(refusal)),
        Deleting::Unknown => Err(Failure::UpstreamSilent.into()),
    }
}
