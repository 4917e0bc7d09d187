//! Refuses requests that another site has made a signed-in browser send.
//!
//! Browsers say where a request comes from: `Sec-Fetch-Site`, and older ones `Origin`. Nothing
//! but a GET or HEAD is let through unless one of them says that it comes from our own pages.

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::paths;
use crate::server::Portal;

pub async fn check(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_from_our_pages(request.headers(), portal.public_url()) {
        return next.run(request).await;
    }
    tracing::warn!(path = paths::loggable(request.uri().path()), "a request from another site was refused");
    (StatusCode::FORBIDDEN, "This request did not come from a page of this portal. Open the portal and try again.\n")
        .into_response()
}

fn is_from_our_pages(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = text(ORIGIN.as_str()) else { return false };
    let own_host = origin.split_once("://").map(|(_, host)| host).filter(|host| text(HOST.as_str()) == Some(host));
    origin == public_url.trim_end_matches('/') || own_host.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_may_change_anything() {
        let ours = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            is_from_our_pages(&headers, "https://portal.example.com")
        };
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("origin", "https://portal.example.com"), ("host", "internal:3000")]));
        assert!(ours(&[("origin", "http://127.0.0.1:3000"), ("host", "127.0.0.1:3000")]));
        assert!(!ours(&[]));
        assert!(!ours(&[("host", "portal.example.com")]));
        assert!(!ours(&[("sec-fetch-site", "cross-site")]));
        assert!(!ours(&[("sec-fetch-site", "same-site")]));
        assert!(!ours(&[("sec-fetch-site", "cross-site"), ("origin", "https://portal.example.com")]));
        assert!(!ours(&[("origin", "null"), ("host", "portal.example.com")]));
        assert!(!ours(&[("origin", "https://evil.example"), ("host", "portal.example.com")]));
        assert!(!ours(&[("origin", "https://portal.example.com.evil.example")]));
    }
}
