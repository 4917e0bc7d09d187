//! The files that pages load, as they lie in the executable: script, wasm, style sheet, icons.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::Portal;

/// Finds a file of the built site by its path, such as `pkg/1f0c…/partner-portal.css`.
pub type Files = fn(&str) -> Option<std::borrow::Cow<'static, [u8]>>;

/// The built site. Everything under its `pkg` folder has a name that changes with its contents.
#[derive(Clone)]
pub struct Site {
    files: Files,
    hash: String,
}

impl Site {
    pub fn new(files: Files) -> Self {
        let hash = files("pkg/hash.txt").and_then(|hash| String::from_utf8(hash.to_vec()).ok());
        Self { files, hash: hash.map_or_else(|| "unbuilt".to_owned(), |hash| hash.trim().to_owned()) }
    }

    /// The folder of script, wasm and style sheet, without slashes around it.
    pub fn pkg(&self) -> String {
        format!("pkg/{}", self.hash)
    }

    fn file(&self, path: &str) -> Option<Bytes> {
        match (self.files)(path)? {
            std::borrow::Cow::Borrowed(bytes) => Some(Bytes::from_static(bytes)),
            std::borrow::Cow::Owned(bytes) => Some(Bytes::from(bytes)),
        }
    }

    /// The file at `path` in the best encoding that the browser takes.
    fn answer(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        let plain = self.file(path)?;
        let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let accepts = |encoding: &str| {
            accepted.split(',').any(|part| part.split(';').next().unwrap_or_default().trim() == encoding)
        };
        let encoded = [("br", "br"), ("gzip", "gz")]
            .into_iter()
            .filter(|(encoding, _)| accepts(encoding))
            .find_map(|(encoding, suffix)| Some((encoding, self.file(&format!("{path}.{suffix}"))?)));
        let fingerprinted = path.starts_with("pkg/");
        let etag = format!("\"{}-{}\"", self.hash, plain.len());
        let mut response = if headers.get(IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == etag.as_bytes()) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let (encoding, body) = encoded.map_or((None, plain), |(encoding, body)| (Some(encoding), body));
            let mut response = Response::new(Body::from(body));
            if let Some(encoding) = encoding {
                response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
            }
            response
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(ETAG, HeaderValue::from_str(&etag).ok()?);
        let lifetime = if fingerprinted { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(lifetime));
        Some(response)
    }
}

pub async fn serve(State(portal): State<Portal>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let hidden = path.ends_with(".br") || path.ends_with(".gz") || path.ends_with("hash.txt");
    let found = if hidden { None } else { portal.site().answer(path, request.headers()) };
    found.unwrap_or_else(|| (StatusCode::NOT_FOUND, "There is no such file.\n").into_response())
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
