//! Lists as files, for people.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::{not_found, plain};
use crate::domain::columns::{Column, PRICE_PACKAGES, choose};
use crate::domain::export::{Export, Format};
use crate::domain::failure::Failure;
use crate::domain::list::{Choosable, ListQuery};
use crate::domain::price_package_filter::PricePackageFilter;
use crate::server::acting::Acting;
use crate::server::records::{PricePackageRecord, Recorded};
use crate::server::{Portal, exporting};

/// A list that is filtered and sorted as its page is. What means nothing in the address is left out, as there.
pub async fn list<K: Recorded>(
    State(portal): State<Portal>,
    acting: Acting,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let reader = acting.reader();
    let query = query.unwrap_or_default();
    let (Ok(()), Some(export)) = (reader.may_have::<K>(), export(&query, K::COLUMNS)) else {
        return not_found(portal, &headers).await;
    };
    let filter = ListQuery::<K::Facets>::from_query(&query).filter;
    let format = export.format;
    attached(K::NAME, format, Body::from_stream(exporting::file::<K>(reader, filter, export)))
}

pub async fn price_packages(
    State(portal): State<Portal>,
    acting: Acting,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let mut filter = PricePackageFilter::default();
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        filter.set(&key, &value);
    }
    let Some(export) = export(&query, PRICE_PACKAGES) else { return not_found(portal, &headers).await };
    match acting.reader().price_packages().await {
        Ok(known) => {
            let shown = known.into_iter().filter(|known| filter.shows(known)).map(PricePackageRecord::from);
            match exporting::small_file(shown, &export) {
                Ok(file) => attached("price-packages", export.format, Body::from(file)),
                Err(error) => {
                    tracing::error!(%error, "a file could not be written");
                    plain(&Failure::Unavailable)
                }
            }
        }
        Err(Failure::NotFound) => not_found(portal, &headers).await,
        Err(failure) => plain(&failure),
    }
}

/// What of a file is asked for; none if it has no such column or format.
fn export(query: &str, columns: &'static [Column]) -> Option<Export> {
    let (mut format, mut named) = (Format::Csv, Vec::new());
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match key.as_ref() {
            "format" => format = Format::from_word(&value)?,
            "columns" => named.extend(value.split(',').map(ToOwned::to_owned)),
            _ => {}
        }
    }
    Some(Export { format, columns: choose(columns, &named).ok()? })
}

/// A file that is not shown but saved.
pub fn attached(name: &str, format: Format, body: Body) -> Response {
    let disposition = format!("attachment; filename=\"{name}.{}\"", format.word());
    let headers = [(CONTENT_TYPE, format.content_type().to_owned()), (CONTENT_DISPOSITION, disposition)];
    (headers, body).into_response()
}
