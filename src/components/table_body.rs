//! The rows of a table, written at once. The pieces in which the rest of a page is put together allow for parts that
//! have to be waited for; rows wait for nothing, and a list has hundreds of such pieces.

use leptos::prelude::*;

/// Each row is written, and escaped, by Leptos as anywhere else. An island within one would not wake up.
pub fn table_body(rows: impl Iterator<Item = AnyView>) -> AnyView {
    let rows: String = rows.map(RenderHtml::to_html).collect();
    view! { <tbody inner_html=rows></tbody> }.into_any()
}
