//! Lets somebody look on: every request together with its answer, as they were.

use std::sync::{Arc, PoisonError, RwLock};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;

use super::broken::Altered;

/// One call, whole. Header values stand as they were sent, secrets too.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub method: String,
    /// With its query.
    pub path: String,
    pub request_headers: Vec<(String, String)>,
    pub request_body: Bytes,
    pub status: u16,
    pub response_headers: Vec<(String, String)>,
    /// Whole even where the caller got a part of it; empty where a fault answered instead of the API.
    pub response_body: Bytes,
    /// The caller got something else than the API says today, because a fault was ordered.
    pub faulted: bool,
}

pub type Look = dyn Fn(&Exchange) + Send + Sync;

#[derive(Default)]
pub struct Observer(RwLock<Option<Arc<Look>>>);

impl Observer {
    pub fn set(&self, look: Arc<Look>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(look);
    }

    /// Begins to look at a call, if somebody wants to; the request is the same afterwards.
    pub async fn begin(&self, request: Request) -> (Request, Option<Seen>) {
        let look = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(look) = look else { return (request, None) };
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let exchange = Exchange {
            method: parts.method.to_string(),
            path: parts.uri.path_and_query().map_or_else(String::new, ToString::to_string),
            request_headers: listed(&parts.headers),
            request_body: body.clone(),
            status: 0,
            response_headers: Vec::new(),
            response_body: Bytes::new(),
            faulted: false,
        };
        (Request::from_parts(parts, Body::from(body)), Some(Seen { look, exchange }))
    }
}

/// A call that is not answered yet.
pub struct Seen {
    look: Arc<Look>,
    exchange: Exchange,
}

impl Seen {
    /// Tells of the call; the answer is the same afterwards.
    pub async fn answered(mut self, response: Response, old_shape: bool) -> Response {
        let (parts, mut body) = response.into_parts();
        let exchange = &mut self.exchange;
        exchange.response_headers = listed(&parts.headers);
        if let Some(altered) = parts.extensions.get::<Altered>() {
            (exchange.status, exchange.response_body) = (altered.status.as_u16(), altered.body.clone());
            exchange.faulted = true;
        } else {
            let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
            (exchange.status, exchange.response_body) = (parts.status.as_u16(), bytes.clone());
            exchange.faulted = old_shape;
            body = Body::from(bytes);
        }
        (self.look)(exchange);
        Response::from_parts(parts, body)
    }
}

fn listed(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect()
}
