//! QR codes, drawn by the server.

use leptos::prelude::*;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

/// A QR code of an address, dark on light in every theme, because scanners want it so. Nothing is
/// drawn for a text that is too long for one.
#[component]
pub fn QrCodeOf(text: String, #[prop(into)] what: String) -> impl IntoView {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let drawn = code.render::<svg::Color<'_>>().min_dimensions(160, 160).quiet_zone(true).build();
    // The drawing begins with an XML declaration, which has no place within a page.
    let drawn = drawn.split_once("?>").map_or(drawn.as_str(), |(_, drawing)| drawing).to_owned();
    Some(view! { <div class="qr-code" role="img" aria-label=format!("QR code of {what}") inner_html=drawn></div> })
}
